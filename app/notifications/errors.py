"""What notifications refuse."""

from __future__ import annotations

from app.kernel.errors import NotFound


class NotificationNotFound(NotFound):
    """There is no such notification, or it is not yours."""
