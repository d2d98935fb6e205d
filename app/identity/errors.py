"""What identity refuses."""

from __future__ import annotations

from app.kernel.errors import NotFound


class UserNotFound(NotFound):
    """There is no such user."""
