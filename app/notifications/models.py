"""notification, admin_notification. All instants are business time, UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Base
from app.notifications.states import AlarmType, Severity

TITLE_LIMIT = 200  #: characters
MESSAGE_LIMIT = 2_000  #: characters
METADATA_LIMIT = 10_000  #: bytes, as JSON

_TYPES = ", ".join(f"'{kind}'" for kind in AlarmType)
_SEVERITIES = ", ".join(f"'{severity}'" for severity in Severity)


class _Message:
    """What both kinds say: words, ids and numbers of ours; never a name, an address, a code or a token."""

    id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str]
    title: Mapped[str]
    message: Mapped[str]
    related_kind: Mapped[str | None]
    related_id: Mapped[UUID | None]
    details: Mapped[dict[str, Any]] = mapped_column("metadata")  # SQLAlchemy keeps `metadata` for itself
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]

    @property
    def is_read(self) -> bool:
        """Tell whether somebody has read it."""
        return self.read_at is not None

    @property
    def related(self) -> dict[str, Any] | None:
        """Return {kind, id} of what it is about, None where it is about no one thing."""
        return {"kind": self.related_kind, "id": self.related_id} if self.related_kind else None


def _sizes() -> tuple[CheckConstraint, ...]:
    return (
        CheckConstraint(f"char_length(title) BETWEEN 1 AND {TITLE_LIMIT}", name="title"),
        CheckConstraint(f"char_length(message) BETWEEN 1 AND {MESSAGE_LIMIT}", name="message"),
        CheckConstraint("(related_kind IS NULL) = (related_id IS NULL)", name="related"),
        CheckConstraint(f"octet_length(metadata::text) <= {METADATA_LIMIT}", name="metadata"),
    )


class Notification(_Message, Base):
    """A message in a user's own inbox. Its type is a word of the room that writes it.

    `event_id` is the fact that it tells of, once to each reader; `mailed_at`, when the mail of it was taken.
    """

    __tablename__ = "notification"
    __table_args__ = (
        CheckConstraint("type ~ '^[a-z_]{1,50}$'", name="type"),
        *_sizes(),
        Index("ix_notification_inbox", "user_id", "id"),
        Index("uq_notification_event_id", "event_id", "user_id", unique=True),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    event_id: Mapped[UUID]
    mailed_at: Mapped[datetime | None]


class AdminNotification(_Message, Base):
    """An alarm as the back office sees it: while unread, the only one of its cause. `raised_at` is the last time."""

    __tablename__ = "admin_notification"
    __table_args__ = (
        CheckConstraint(f"type IN ({_TYPES})", name="type"),
        CheckConstraint(f"severity IN ({_SEVERITIES})", name="severity"),
        CheckConstraint("char_length(cause) BETWEEN 1 AND 200", name="cause"),
        CheckConstraint("count > 0", name="count"),
        CheckConstraint("(read_at IS NULL) = (read_by IS NULL)", name="read"),
        *_sizes(),
        Index("uq_admin_notification_open", "cause", unique=True, postgresql_where=text("read_at IS NULL")),
        Index("ix_admin_notification_raised_at", "raised_at", "id"),
    )

    severity: Mapped[str]
    cause: Mapped[str]
    count: Mapped[int]
    raised_at: Mapped[datetime]
    read_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
