"""What every command shares in the terminal: options, questions, printing, failing in one line."""
