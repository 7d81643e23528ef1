"""Twilio: messages, calls and their statuses. Nothing here listens; everything polls."""
