"""The operator's command: `ml-connector`, or `python -m cli`."""
