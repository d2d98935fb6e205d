"""Act in somebody's calendar: with a good access token, renewed where need be, by one worker at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from app.calendar import service
from app.calendar.errors import CalendarNotConnected
from app.calendar.service import Grant
from app.gateways.google import oauth
from app.gateways.google.calendar import Calendar
from app.gateways.google.errors import ClientRefused, GrantLost, TokenRefused
from app.gateways.google.transport import Transport
from app.infra.crypto import Undecipherable
from app.infra.db import session_scope
from app.kernel.errors import Failure
from app.notifications import service as notifications
from app.notifications.service import Alarm
from app.notifications.states import AlarmType, Severity

T = TypeVar("T")


def in_calendar_of(user_id: UUID, act: Callable[[Calendar], T]) -> T:
    """Do something in a user's calendar; a token that Google refuses is renewed once.

    Raises CalendarNotConnected, RenewalUnderWay, ClientRefused, and what `act` raises.
    """
    token = _token_of(user_id)
    try:
        return act(Calendar(Transport(token)))
    except TokenRefused:
        token = _token_of(user_id, refused=token)
    try:
        return act(Calendar(Transport(token)))
    except TokenRefused:
        raise _lost(user_id, refused=token) from None


def tell_operators() -> None:
    """Tell the back office that Google does not know our client: nobody's calendar works until that is put right."""
    with session_scope() as session:
        notifications.raise_alarm(session, CLIENT_REFUSED)


CLIENT_REFUSED = Alarm(
    type=AlarmType.INTEGRATION_FAILURE,
    severity=Severity.CRITICAL,
    title="Google refuses our client",
    message=(
        "Google does not take GOOGLE_CLIENT_ID or GOOGLE_CLIENT_SECRET: no calendar can be connected, and none can be"
        " written to once its access token has run out. Mentors need do nothing."
    ),
    cause="google client refused",
)


def _token_of(user_id: UUID, refused: str | None = None) -> str:
    try:
        with session_scope() as session:
            held = service.take_token(session, user_id, refused)
    except Undecipherable:  # SECRET_KEY was changed twice: only the owner can give a new grant
        raise _lost(user_id) from None
    return held if isinstance(held, str) else _renew(held)


def _renew(grant: Grant) -> str:
    try:
        tokens = oauth.renew(grant.refresh_token)
    except GrantLost:
        raise _lost(grant.user_id, grant_id=grant.grant_id) from None
    except Failure as error:
        with session_scope() as session:
            service.end_renewal(session, grant)
        if isinstance(error, ClientRefused):
            tell_operators()
        raise
    with session_scope() as session:
        service.keep_token(session, grant, tokens)
    return tokens.access


def _lost(user_id: UUID, *, grant_id: UUID | None = None, refused: str | None = None) -> CalendarNotConnected:
    with session_scope() as session:
        service.lose_grant(session, user_id, grant_id=grant_id, refused=refused)
    return CalendarNotConnected("Google does not know this grant any more")
