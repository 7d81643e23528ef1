"""ml-connector: Sage Intacct finance events as Twilio SMS and confirmed voice calls."""
