"""Tell a mentor that Google does not know our grant any more."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.calendar import letters, queries
from app.calendar.events import GrantLost
from app.calendar.states import ConnectionState
from app.identity import service as identity
from app.notifications.service import News


def write_reconnect(session: Session, event: GrantLost) -> list[News]:
    """Ask the owner to connect again, unless that was done, or given up, meanwhile."""
    connection = queries.find_connection(session, event.user_id)
    if connection is None or connection.status != ConnectionState.REAUTH_REQUIRED:
        return []
    return [letters.reconnect(identity.get_person(session, event.user_id))]
