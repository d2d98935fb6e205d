"""What can go wrong before the world stands; each message is a sentence for the person at the terminal."""

from __future__ import annotations


class EmbeddedError(Exception):
    """The world cannot start or go on; the message says why and names the way out."""


class ServerMissingError(EmbeddedError):
    """Neither a wheel, nor a local server, nor a URL was found."""


class StartFailedError(EmbeddedError):
    """A program ended, or stayed silent, before it was ready; the message ends with the last lines of its log."""
