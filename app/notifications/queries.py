"""Every statement that touches notifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.notifications.models import AdminNotification, Notification


@dataclass(frozen=True)
class AlarmFilter:
    """Which alarms are meant; what is None, and False, does not narrow."""

    unread_only: bool = False
    severity: str | None = None
    type: str | None = None


def inbox(session: Session, user_id: UUID, *, before: UUID | None, limit: int) -> Sequence[Notification]:
    """Return a user's messages older than one of them, the latest first."""
    query = select(Notification).where(Notification.user_id == user_id).order_by(Notification.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Notification.id < before)
    return session.scalars(query).all()


def write_once(session: Session, row: Mapping[str, Any]) -> UUID | None:
    """Write a message unless its reader has one of the same fact; return its id while its mail was not taken."""
    session.execute(insert(Notification).values(row).on_conflict_do_nothing(index_elements=["event_id", "user_id"]))
    query = select(Notification.id).where(
        Notification.event_id == row["event_id"],
        Notification.user_id == row["user_id"],
        Notification.mailed_at.is_(None),
    )
    return session.scalars(query).one_or_none()


def mark_mailed(session: Session, notification_id: UUID, now: datetime) -> None:
    """Note that the mail of a message was taken by the mail server."""
    session.execute(update(Notification).where(Notification.id == notification_id).values(mailed_at=now))


def mark_read(session: Session, user_id: UUID, notification_id: UUID, now: datetime) -> Notification | None:
    """Mark a message as read, unless it is already, and return it; None when it is not in this user's inbox."""
    statement = (
        update(Notification)
        .where(Notification.id == notification_id, Notification.user_id == user_id)
        .values(read_at=func.coalesce(Notification.read_at, now))
        .returning(Notification)
    )
    return session.scalars(statement).one_or_none()


def open_or_count(session: Session, row: Mapping[str, Any]) -> None:
    """Write an alarm; where one of its cause is unread, count it there and let it say what it says now.

    One statement on the partial unique index: of two that run at once the second waits for the first and counts, and
    should the row be read or deleted in that moment, it opens a new one.
    """
    new = insert(AdminNotification).values(row)
    said = {name: new.excluded[name] for name in row if name not in ("id", "cause", "created_at", "raised_at", "count")}
    raised_at = func.greatest(AdminNotification.raised_at, new.excluded.raised_at)
    session.execute(
        new.on_conflict_do_update(
            index_elements=[AdminNotification.cause],
            index_where=AdminNotification.read_at.is_(None),
            set_={**said, "count": AdminNotification.count + 1, "raised_at": raised_at},
        )
    )


def alarms(
    session: Session, wanted: AlarmFilter, *, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AdminNotification]:
    """Return alarms that were last raised before a position, the latest first."""
    query = select(AdminNotification).limit(limit)
    query = query.order_by(AdminNotification.raised_at.desc(), AdminNotification.id.desc())
    if wanted.unread_only:
        query = query.where(AdminNotification.read_at.is_(None))
    if wanted.severity is not None:
        query = query.where(AdminNotification.severity == wanted.severity)
    if wanted.type is not None:
        query = query.where(AdminNotification.type == wanted.type)
    if before is not None:
        query = query.where(func.row(AdminNotification.raised_at, AdminNotification.id) < func.row(*before))
    return session.scalars(query).all()


def mark_alarm_read(session: Session, reader_id: UUID, alarm_id: UUID, now: datetime) -> AdminNotification | None:
    """Mark an alarm as read by its first reader and return it; None when there is no such alarm."""
    statement = (
        update(AdminNotification)
        .where(AdminNotification.id == alarm_id)
        .values(
            read_at=func.coalesce(AdminNotification.read_at, now),
            read_by=func.coalesce(AdminNotification.read_by, reader_id),
        )
        .returning(AdminNotification)
    )
    return session.scalars(statement).one_or_none()


def delete_alarm(session: Session, alarm_id: UUID) -> bool:
    """Delete an alarm; False when there is no such alarm."""
    statement = delete(AdminNotification).where(AdminNotification.id == alarm_id).returning(AdminNotification.id)
    return session.execute(statement).one_or_none() is not None
