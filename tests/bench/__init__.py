"""The bench: what it makes of what was measured."""
