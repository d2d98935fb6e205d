"""Access tokens: taken, renewed by one at a time, and lost with the grant that they come from.

Whoever renews has a lease in the row (`renewing_until`), not a lock on it: a lock would be held as long as Google
likes. A lease that ran out is taken over; two tokens of one grant are both good, so nothing breaks where that was rash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.calendar import queries
from app.calendar.errors import CalendarNotConnected, RenewalUnderWay
from app.calendar.events import GrantLost
from app.calendar.models import Connection
from app.calendar.service.seals import ACCESS, REFRESH, open_seal, seal
from app.calendar.states import CONNECTION, ConnectionState, ConnectionStep
from app.gateways.google.oauth import Tokens
from app.infra import outbox
from app.infra.config import settings
from app.kernel.clock import wall_now

#: A token that dies during the call is no use: it counts as expired so much earlier.
MARGIN = timedelta(seconds=60)


@dataclass(frozen=True)
class Grant:
    """The right to get a new access token, for as long as the lease lasts."""

    user_id: UUID
    grant_id: UUID
    refresh_token: str = field(repr=False)


def take_token(session: Session, user_id: UUID, refused: str | None = None) -> str | Grant:
    """Return a user's access token; or, where there is none or Google `refused` it, the lease to get a new one.

    Raises CalendarNotConnected, RenewalUnderWay while somebody else has the lease, Undecipherable.
    """
    connection = queries.lock_connection(session, user_id)
    if connection is None or connection.refresh_token is None:
        raise CalendarNotConnected("this user has no calendar that can be written to")
    token = _usable(connection)
    if token is not None and token != refused:
        return token
    if connection.renewing_until is not None and connection.renewing_until > wall_now():
        raise RenewalUnderWay("another worker is renewing the access token", retry_after=1)
    connection.renewing_until = wall_now() + _lease()
    return Grant(user_id, connection.grant_id, open_seal(REFRESH, connection.refresh_token, user_id))


def keep_token(session: Session, grant: Grant, tokens: Tokens) -> None:
    """Keep what a renewal brought; dropped where the user has disconnected or allowed anew meanwhile."""
    connection = _same_grant(session, grant)
    if connection is not None:
        connection.access_token = seal(ACCESS, tokens.access, grant.user_id)
        connection.access_expires_at = wall_now() + timedelta(seconds=tokens.lifetime)
        connection.renewing_until = None
        if tokens.refresh:  # most renewals bring none, and the old one stays good
            connection.refresh_token = seal(REFRESH, tokens.refresh, grant.user_id)


def end_renewal(session: Session, grant: Grant) -> None:
    """Give the lease back after a renewal that failed, so that the next try need not wait for its end."""
    connection = _same_grant(session, grant)
    if connection is not None:
        connection.renewing_until = None


def lose_grant(session: Session, user_id: UUID, *, grant_id: UUID | None = None, refused: str | None = None) -> None:
    """Note that Google, or we, can do no more with a grant; its owner is told, once.

    With `grant_id`, or the access token that was `refused`, nothing happens where the user has allowed anew meanwhile:
    what was learnt is of the old grant.
    """
    connection = queries.lock_connection(session, user_id)
    if connection is None or grant_id not in {None, connection.grant_id}:
        return
    if refused is not None and refused != _usable(connection):
        return
    before = connection.status
    connection.status = CONNECTION.transition(ConnectionState(before), ConnectionStep.LOSE_GRANT)
    if connection.status == before:
        return
    connection.refresh_token = connection.access_token = None
    connection.access_expires_at = connection.renewing_until = None
    outbox.record(session, GrantLost(user_id=user_id))


def _usable(connection: Connection) -> str | None:
    if connection.access_token is None or connection.access_expires_at is None:
        return None
    if wall_now() >= connection.access_expires_at - MARGIN:
        return None
    return open_seal(ACCESS, connection.access_token, connection.user_id)


def _same_grant(session: Session, grant: Grant) -> Connection | None:
    connection = queries.lock_connection(session, grant.user_id)
    same = connection is not None and connection.grant_id == grant.grant_id and connection.refresh_token is not None
    return connection if same else None


def _lease() -> timedelta:
    """Return how long a renewal may take: longer than its call can."""
    return timedelta(seconds=settings().gateway_connect_seconds + settings().gateway_total_seconds + 5)
