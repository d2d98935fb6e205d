"""The HTTP toolkit, as a client sees it."""
