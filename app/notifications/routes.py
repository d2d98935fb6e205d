"""The inbox of a user, and the alarms of the back office."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.identity.guards import requires
from app.notifications import schemas, service
from app.notifications.errors import NotificationNotFound
from app.notifications.models import AdminNotification, Notification
from app.web import cursors
from app.web.actor import current_actor
from app.web.blueprint import room_blueprint
from app.web.promises import refuses
from app.web.schemas import PageQuery
from app.web.transaction import request_scope

blp = room_blueprint("notifications", "A user's own inbox, and what the back office must know.")


@blp.route("/notifications", methods=["GET"])
@requires()
@blp.arguments(PageQuery, location="query")
@blp.response(200, schemas.NotificationPage)
def list_inbox(query: dict[str, Any]) -> dict[str, Any]:
    """List the caller's messages, the latest first."""
    name = f"inbox {current_actor().id}"
    (before,) = cursors.decode(name, query["cursor"]) or [None]
    with request_scope() as session:
        found = service.list_inbox(
            session, current_actor().id, before=before and UUID(before), limit=query["limit"] + 1
        )
    return cursors.page(name, found, query["limit"], lambda notification: [str(notification.id)])


@blp.route("/notifications/<uuid:notification_id>/read", methods=["POST"])
@requires(whose="a message to the caller")
@blp.response(200, schemas.NotificationSchema)
@refuses(NotificationNotFound)
def read_notification(notification_id: UUID) -> Notification:
    """Mark one of the caller's messages as read; once more changes nothing."""
    with request_scope() as session:
        return service.read_notification(session, current_actor().id, notification_id)


@blp.route("/admin/notifications", methods=["GET"])
@requires("support", "admin")
@blp.arguments(schemas.AdminNotificationQuery, location="query")
@blp.response(200, schemas.AdminNotificationPage)
def list_alarms(query: dict[str, Any]) -> dict[str, Any]:
    """List what the back office must know, the latest raised first."""
    wanted = service.AlarmFilter(query["unread_only"], query["severity"], query["type"])
    name = f"alarms {wanted}"
    before = schemas.read_position(cursors.decode(name, query["cursor"]))
    with request_scope() as session:
        found = service.list_alarms(session, wanted, before=before, limit=query["limit"] + 1)
    return cursors.page(name, found, query["limit"], lambda alarm: [alarm.raised_at.isoformat(), str(alarm.id)])


@blp.route("/admin/notifications/<uuid:notification_id>/read", methods=["POST"])
@requires("support", "admin")
@blp.response(200, schemas.AdminNotificationSchema)
@refuses(NotificationNotFound)
def read_alarm(notification_id: UUID) -> AdminNotification:
    """Mark it as read, for everybody: should its cause go on, a new one is opened."""
    with request_scope() as session:
        return service.read_alarm(session, current_actor().id, notification_id)


@blp.route("/admin/notifications/<uuid:notification_id>", methods=["DELETE"])
@requires("support", "admin")
@blp.response(204)
@refuses(NotificationNotFound)
def delete_alarm(notification_id: UUID) -> None:
    """Delete it."""
    with request_scope() as session:
        service.delete_alarm(session, notification_id)
