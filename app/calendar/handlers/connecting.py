"""Connect a Google account, and disconnect it."""

from __future__ import annotations

import logging
from uuid import UUID

from app.calendar import service
from app.calendar.errors import AccessNotGranted, BadCode, GoogleAway
from app.calendar.handlers.access import tell_operators
from app.calendar.service import CalendarView, PendingConsent
from app.gateways.google import oauth
from app.gateways.google.errors import ClientRefused, GoogleRefused, GrantLost
from app.infra.db import session_scope
from app.kernel.errors import Failure

log = logging.getLogger(__name__)


def finish_connecting(user_id: UUID, state: str, code: str) -> CalendarView:
    """Turn the code of a user's own consent into a connection.

    Raises BadState, BadCode, AccessNotGranted, GoogleAway, CalendarAlreadyConnected, GoogleAccountInUse. The state is
    used up whatever happens: after a refusal the way begins anew. What Google gave is then left to die unused; to
    revoke it would end the grant of whoever else has this account connected.
    """
    with session_scope() as session:
        pending = service.take_consent(session, user_id, state)
    tokens, account = _ask_google(pending, code)
    if oauth.EVENTS not in tokens.scopes or tokens.refresh is None:
        raise AccessNotGranted
    with session_scope() as session:
        return service.connect(session, user_id, account, tokens)


def stop_connecting(user_id: UUID) -> None:
    """Forget a user's connection, and ask Google to forget it too: ours is gone whatever Google answers."""
    with session_scope() as session:
        token = service.disconnect(session, user_id)
    if token is None:
        return
    try:
        oauth.revoke(token)
    except Failure as error:
        log.warning("a grant could not be revoked: %s", type(error).__name__, extra={"user_id": user_id})


def _ask_google(pending: PendingConsent, code: str) -> tuple[oauth.Tokens, oauth.Account]:
    try:
        tokens = oauth.exchange(code, verifier=pending.verifier, redirect_uri=pending.redirect_uri)
        return tokens, oauth.account(tokens.access)
    except (GrantLost, GoogleRefused) as error:
        raise BadCode from error
    except ClientRefused as error:
        tell_operators()
        raise GoogleAway from error
    except Failure as error:
        raise GoogleAway from error
