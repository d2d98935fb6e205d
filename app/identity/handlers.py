"""What identity does about its own facts."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.gateways.mail import Mail
from app.identity import letters, queries
from app.identity.events import UserRegistered, VerificationRequested
from app.identity.models import EmailVerification
from app.identity.tokens import new_opaque_token, verification_hash
from app.infra.config import settings
from app.kernel.clock import wall_now
from app.kernel.ids import new_id


def write_letter(session: Session, event: UserRegistered | VerificationRequested, delivery_id: UUID) -> Mail | None:
    """Return the mail that the fact asks for, None where it has become pointless.

    The token is made here and leaves with the mail alone: the database gets its hash, the event never had it. A
    repetition makes another token under the same Message-ID; each is good until one was used.
    """
    user = queries.user_by_id(session, event.user_id)
    if user.verified_at is None:
        token = new_opaque_token()
        now = wall_now()
        expires_at = now + timedelta(seconds=settings().verification_seconds)
        row = {"id": new_id(), "user_id": user.id, "issued_at": now, "expires_at": expires_at}
        session.add(EmailVerification(hash=verification_hash(token), **row))
        return letters.verification_letter(user, token, delivery_id)
    if isinstance(event, VerificationRequested):
        return letters.account_exists_letter(user, delivery_id)
    return None
