"""The lines, one a file."""
