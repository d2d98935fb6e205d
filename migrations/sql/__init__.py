"""SQL that is too long to stand inside a migration."""

from pathlib import Path


def read(name: str) -> str:
    """Return the text of a file beside this one; colons and percent signs need no escaping in it."""
    return (Path(__file__).parent / name).read_text()
