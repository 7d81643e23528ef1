"""One module per command or group of commands: read options, call the work, print."""
