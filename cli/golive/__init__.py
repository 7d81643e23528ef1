"""From a deployed stack to people's phones: checked, and told about what waits already."""
