"""Connections: one Google account for each user, and one user for each Google account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.calendar import queries
from app.calendar.errors import CalendarAlreadyConnected, GoogleAccountInUse
from app.calendar.events import CalendarConnected
from app.calendar.models import Connection
from app.calendar.service.seals import ACCESS, REFRESH, open_seal, seal
from app.calendar.states import CONNECTION, NOT_CONNECTED, ConnectionState, ConnectionStep
from app.gateways.google.oauth import Account, Tokens
from app.identity import service as identity
from app.infra import db, outbox
from app.infra.crypto import Undecipherable
from app.kernel.clock import wall_now
from app.kernel.ids import new_id


@dataclass(frozen=True)
class CalendarView:
    """What a mentor sees of their calendar; `email` is the Google account's."""

    status: str
    email: str | None


def show_calendar(session: Session, user_id: UUID) -> CalendarView:
    """Return the state of a user's calendar."""
    connection = queries.find_connection(session, user_id)
    return CalendarView(connection.status, connection.email) if connection else CalendarView(NOT_CONNECTED, None)


def connect(session: Session, user_id: UUID, account: Account, tokens: Tokens) -> CalendarView:
    """Keep what a user allowed; raise CalendarAlreadyConnected, GoogleAccountInUse.

    The user is locked: of two consents that are finished at once, the second finds the first's connection. Of two
    users with one Google account, the unique index lets one through, and the other waits for it and is refused.
    """
    identity.lock_person(session, user_id)
    connection = queries.lock_connection(session, user_id)
    refuse_second(connection)
    if connection is None:
        connection = Connection(user_id=user_id, status=ConnectionState.CONNECTED)
        session.add(connection)
    else:
        connection.status = CONNECTION.transition(ConnectionState(connection.status), ConnectionStep.ALLOW_AGAIN)
    _fill(connection, account, tokens)
    try:
        session.flush()
    except IntegrityError as error:
        if db.constraint(error) == "uq_calendar_connection_google_sub":
            raise GoogleAccountInUse from error
        raise
    outbox.record(session, CalendarConnected(user_id=user_id))
    return CalendarView(connection.status, connection.email)


def disconnect(session: Session, user_id: UUID) -> str | None:
    """Forget a user's connection; return the refresh token that should be revoked, None where there is none."""
    connection = queries.delete_connection(session, user_id)
    if connection is None or connection.refresh_token is None:
        return None
    try:
        return open_seal(REFRESH, connection.refresh_token, user_id)
    except Undecipherable:  # its key is gone, so nobody can use it either
        return None


def refuse_second(connection: Connection | None) -> None:
    """Raise CalendarAlreadyConnected where a connection works; one whose grant is lost may be made again."""
    if connection is not None and connection.status == ConnectionState.CONNECTED:
        raise CalendarAlreadyConnected


def _fill(connection: Connection, account: Account, tokens: Tokens) -> None:
    now = wall_now()
    connection.google_sub, connection.email = account.sub, account.email
    connection.grant_id, connection.connected_at, connection.renewing_until = new_id(), now, None
    connection.refresh_token = seal(REFRESH, tokens.refresh or "", connection.user_id)
    connection.access_token = seal(ACCESS, tokens.access, connection.user_id)
    connection.access_expires_at = now + timedelta(seconds=tokens.lifetime)
