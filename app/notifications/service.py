"""Tell people news, raise alarms for the back office; list what was told, read it, delete it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.gateways.letters import Block, write
from app.gateways.mail import Attachment, Mail
from app.identity.service import Person
from app.infra.clock import business_now
from app.kernel.ids import new_id
from app.notifications import queries
from app.notifications.errors import NotificationNotFound
from app.notifications.models import MESSAGE_LIMIT, TITLE_LIMIT, AdminNotification, Notification
from app.notifications.queries import AlarmFilter
from app.notifications.states import AlarmType, Severity

__all__ = [
    "Alarm",
    "AlarmFilter",
    "News",
    "Unsent",
    "delete_alarm",
    "list_alarms",
    "list_inbox",
    "raise_alarm",
    "read_alarm",
    "read_notification",
    "record_mailed",
    "tell",
]


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What is said: words, ids and numbers of ours; never a name, an address, a code, a token or what people wrote.

    `type` is a snake_case word; `related_kind` and `related_id` name the one thing that it is about, if any.
    """

    type: str
    title: str
    message: str
    related_kind: str | None = None
    related_id: UUID | None = None
    metadata: Mapping[str, str | int | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class News(Notice):
    """What one person is told of one fact, in their inbox and by a mail that says the same and more.

    `title` and `message` stand in both. Names, and what people wrote, stand in the mail alone: in `about`, which ends
    its subject, and in `body`, which follows the message.
    """

    reader: Person
    about: str = ""
    body: Sequence[Block] = ()
    attachments: Sequence[Attachment] = ()


@dataclass(frozen=True)
class Unsent:
    """A mail that no server has taken yet, and the message that it belongs to."""

    notification_id: UUID
    mail: Mail


@dataclass(frozen=True, kw_only=True)
class Alarm(Notice):
    """What the back office is told. Alarms of one `cause` (up to 200 characters) are counted until one is read."""

    type: AlarmType
    severity: Severity
    cause: str


def tell(session: Session, event_id: UUID, news: Iterable[News]) -> list[Unsent]:
    """Write news of a fact into inboxes and return the mails that are still to be sent; may run any number of times.

    Each reader has one message of a fact, and one mail, under one Message-ID however often it is tried.
    """
    found = [(queries.write_once(session, _row(session, event_id, one)), _mail(event_id, one)) for one in news]
    return [Unsent(notification_id, mail) for notification_id, mail in found if notification_id is not None]


def record_mailed(session: Session, notification_id: UUID) -> None:
    """Note that a mail was taken: another try of its fact does not send it again."""
    queries.mark_mailed(session, notification_id, business_now(session))


def list_inbox(session: Session, user_id: UUID, *, before: UUID | None, limit: int) -> Sequence[Notification]:
    """Return a user's messages, the latest first, from one of them on."""
    return queries.inbox(session, user_id, before=before, limit=limit)


def read_notification(session: Session, user_id: UUID, notification_id: UUID) -> Notification:
    """Mark a message of this user as read; raise NotificationNotFound for anybody else's."""
    found = queries.mark_read(session, user_id, notification_id, business_now(session))
    if found is None:
        raise NotificationNotFound
    return found


def raise_alarm(session: Session, alarm: Alarm) -> None:
    """Tell the back office: opens a notification, or counts the alarm on the unread one of its cause.

    Called by what must not be lost, so a text that is too long is cut rather than refused. Safe when run at once.
    """
    said = _said(session, alarm)
    queries.open_or_count(
        session,
        {
            **said, "metadata": dict(alarm.metadata), "severity": alarm.severity, "cause": alarm.cause,
            "raised_at": said["created_at"], "count": 1,
        },
    )  # fmt: skip


def list_alarms(
    session: Session, wanted: AlarmFilter, *, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AdminNotification]:
    """Return alarms, the latest raised first, from a position (raised_at, id) on."""
    return queries.alarms(session, wanted, before=before, limit=limit)


def read_alarm(session: Session, reader_id: UUID, alarm_id: UUID) -> AdminNotification:
    """Mark an alarm as read: the next of its cause opens a new one. Raises NotificationNotFound."""
    found = queries.mark_alarm_read(session, reader_id, alarm_id, business_now(session))
    if found is None:
        raise NotificationNotFound
    return found


def delete_alarm(session: Session, alarm_id: UUID) -> None:
    """Delete an alarm, read or not; raise NotificationNotFound."""
    if not queries.delete_alarm(session, alarm_id):
        raise NotificationNotFound


def _said(session: Session, notice: Notice) -> dict[str, Any]:
    return {
        "id": new_id(),
        "type": notice.type,
        "title": notice.title[:TITLE_LIMIT],
        "message": notice.message[:MESSAGE_LIMIT],
        "related_kind": notice.related_kind,
        "related_id": notice.related_id,
        "created_at": business_now(session),
    }


def _row(session: Session, event_id: UUID, news: News) -> dict[str, Any]:
    return {
        **_said(session, news), "metadata": dict(news.metadata), "user_id": news.reader.id, "event_id": event_id,
    }  # fmt: skip


def _mail(event_id: UUID, news: News) -> Mail:
    return write(
        news.reader.email,
        news.reader.name,
        f"{news.title}: {news.about}" if news.about else news.title,
        [news.message, *news.body],
        name=f"{event_id}-{news.reader.id}",
        attachments=news.attachments,
    )
