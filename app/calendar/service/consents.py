"""Consents under way: from the way to Google's page to the code that it gives.

The state is bound to the user who began. Whoever brings a code under somebody else's state is refused, so that nobody
can be made to connect their account to a stranger's user, nor a stranger's account to their own (RFC 9700 §4.7).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.calendar import queries, rules
from app.calendar.errors import BadState, ReturnAddressRefused
from app.calendar.models import Consent
from app.calendar.service.connections import refuse_second
from app.gateways.google import oauth
from app.infra import crypto
from app.infra.config import settings
from app.kernel.clock import wall_now

LIFETIME = timedelta(minutes=10)

_STATE = "google consent state"
_VERIFIER = "google consent verifier"


@dataclass(frozen=True)
class PendingConsent:
    """What is needed to turn the code of a consent into tokens."""

    verifier: str = field(repr=False)
    redirect_uri: str


def begin_consent(session: Session, user_id: UUID, return_to: str | None) -> str:
    """Return the address of Google's consent page, good for ten minutes.

    Raises CalendarAlreadyConnected, ReturnAddressRefused.
    """
    allowed = settings().return_urls or (settings().frontend_url,)
    if return_to is not None and not rules.may_return_to(return_to, allowed):
        raise ReturnAddressRefused(f"Send an address below {' or '.join(allowed)}.", pointer="/return_to")
    refuse_second(queries.find_connection(session, user_id))
    queries.delete_expired_consents(session, wall_now())
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)  # 43 and 86 characters (RFC 7636 §4.1)
    consent = Consent(
        state_hash=crypto.keyed_hash(_STATE, state), user_id=user_id, return_to=return_to,
        verifier=crypto.encrypt(_VERIFIER, verifier, bound_to=str(user_id)), expires_at=wall_now() + LIFETIME,
    )  # fmt: skip
    session.add(consent)
    return oauth.authorization_url(state=state, verifier=verifier, redirect_uri=redirect_uri())


def find_return(session: Session, state: str) -> str | None:
    """Return where the browser that comes back from Google is sent, None where nothing was said; raise BadState."""
    consent = queries.find_consent(session, crypto.accepted_hashes(_STATE, state), wall_now())
    if consent is None:
        raise BadState
    return consent.return_to


def take_consent(session: Session, user_id: UUID, state: str) -> PendingConsent:
    """Use up a consent of this user; raise BadState for any other, and CalendarAlreadyConnected."""
    refuse_second(queries.find_connection(session, user_id))
    consent = queries.take_consent(session, crypto.accepted_hashes(_STATE, state), user_id, wall_now())
    if consent is None:
        raise BadState
    return PendingConsent(crypto.decrypt(_VERIFIER, consent.verifier, bound_to=str(user_id)), redirect_uri())


def redirect_uri() -> str:
    """Return where Google sends the browser; it must be registered with the client."""
    return f"{settings().public_url}/api/v1/calendar/google/callback"
