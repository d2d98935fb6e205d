"""The HTTP toolkit: the only plumbing that knows Flask. It knows no room."""
