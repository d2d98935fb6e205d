"""Shapes of notifications (API §8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import marshmallow as ma

from app.notifications.states import AlarmType, Severity
from app.web.schemas import EXAMPLE_HOUR_LATER, Instant, NextCursor, PageQuery, like


class RelatedSchema(ma.Schema):
    """What it is about: the kind of thing, and its id."""

    kind = ma.fields.String(required=True, metadata=like("booking"))
    id = ma.fields.UUID(required=True)


class NotificationSchema(ma.Schema):
    """A message in the caller's inbox."""

    id = ma.fields.UUID(required=True)
    type = ma.fields.String(required=True, metadata=like("calendar_reauth"))
    title = ma.fields.String(required=True, metadata=like("A session without a link"))
    message = ma.fields.String(required=True, metadata=like("Google has not answered for an hour."))
    related = ma.fields.Nested(RelatedSchema, required=True, allow_none=True)
    metadata = ma.fields.Dict(
        keys=ma.fields.String(), attribute="details", required=True, metadata=like({"error": "GoogleAway"})
    )
    is_read = ma.fields.Boolean(required=True)
    created_at = Instant(required=True)


class NotificationPage(ma.Schema):
    """A page of the caller's inbox."""

    items = ma.fields.List(ma.fields.Nested(NotificationSchema), required=True)
    next_cursor = NextCursor()


class AdminNotificationSchema(NotificationSchema):
    """An alarm: `count` says how often it was raised while unread, `raised_at` when last."""

    type = ma.fields.String(required=True, validate=ma.validate.OneOf(list(AlarmType)))
    severity = ma.fields.String(required=True, validate=ma.validate.OneOf(list(Severity)))
    count = ma.fields.Integer(required=True, metadata=like(1))
    raised_at = Instant(required=True, metadata=like(EXAMPLE_HOUR_LATER))


class AdminNotificationPage(ma.Schema):
    """A page of alarms."""

    items = ma.fields.List(ma.fields.Nested(AdminNotificationSchema), required=True)
    next_cursor = NextCursor()


class AdminNotificationQuery(PageQuery):
    """Which alarms."""

    unread_only = ma.fields.Boolean(load_default=False)
    severity = ma.fields.String(load_default=None, validate=ma.validate.OneOf(list(Severity)))
    type = ma.fields.String(load_default=None, validate=ma.validate.OneOf(list(AlarmType)))


def read_position(found: list[Any] | None) -> tuple[datetime, UUID] | None:
    """Read the position of an alarm in its list back from a cursor."""
    return (datetime.fromisoformat(found[0]), UUID(found[1])) if found else None
