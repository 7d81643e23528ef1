"""The files people write: the flow, and the list of approvers."""
