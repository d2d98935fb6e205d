"""Register an address and prove that it is one's own. Nothing here tells whether an address is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.identity import passwords, queries, tokens
from app.identity.errors import InvalidVerificationToken
from app.identity.events import UserRegistered, VerificationRequested
from app.identity.rules import address_key
from app.identity.service.people import Profile, add_role, profile_of
from app.identity.states import Revocation, Role
from app.identity.throttle import MAILS_ON_REQUEST
from app.infra import outbox
from app.kernel.clock import wall_now
from app.kernel.ids import new_id


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What somebody registers with, each field as app/identity/rules.py reads it."""

    email: str
    password: str
    name: str
    timezone: str


def register(session: Session, wanted: Registration) -> None:
    """Take a registration. Known or not, the answer and the time it takes are the same; raise passwords.Busy.

    A verified address keeps all it has, and its owner is told by mail. One that nobody has proved takes the latest
    name and password, and links mailed before no longer work: they would make a stranger's password the owner's.
    """
    row = _user_row(wanted)  # hashes the password, before a connection is taken
    written = queries.upsert_unverified(session, row)
    if written is None:
        return resend_verification(session, wanted.email)
    user_id, is_new = written
    if is_new:
        return outbox.record(session, UserRegistered(user_id=user_id))
    queries.forget_links(session, user_id)
    return _request_mail(session, user_id, wanted.email)


def resend_verification(session: Session, email: str) -> None:
    """Ask for another mail, if the address is known and has not had too many on request."""
    user = queries.user_by_address(session, email)
    if user is not None:
        _request_mail(session, user.id, email)


def verify_email(session: Session, token: str) -> Profile:
    """Use up the link that was mailed and return the user, who may sign in from now on.

    Raises InvalidVerificationToken for one that is unknown, used, expired, or from before a later registration.
    """
    hashes, now = tokens.verification_hashes(token), wall_now()
    user = queries.lock_user_of_link(session, hashes)
    if user is None or not queries.use_link(session, hashes, now):
        raise InvalidVerificationToken
    user.verified_at = user.verified_at or now
    return profile_of(session, user)


def create_admin(session: Session, *, email: str, password: str, name: str | None = None) -> UUID:
    """Make a verified admin of this address, whoever has it, and return the id; doing it again changes nothing more.

    The password is replaced, and sign-ins made with the old one are ended. An operator's word needs no mail.
    """
    wanted = Registration(email=email, password=password, name=name or "Administrator", timezone="UTC")
    row = _user_row(wanted)
    user = queries.ensure_user(session, row)
    user.password_hash = row["password_hash"]
    user.name = name or user.name
    user.verified_at = user.verified_at or wall_now()
    queries.revoke_families_of_user(session, user.id, Revocation.PASSWORD, wall_now())
    add_role(session, user.id, Role.ADMIN)
    return user.id


def _user_row(wanted: Registration) -> dict[str, Any]:
    return {
        "id": new_id(),
        "email": wanted.email,
        "name": wanted.name,
        "timezone": wanted.timezone,
        "password_hash": passwords.hash_password(wanted.password),
        "created_at": wall_now(),
    }


def _request_mail(session: Session, user_id: UUID, email: str) -> None:
    """Have a mail sent, unless this address had as many as anybody may order for somebody else."""
    if MAILS_ON_REQUEST.take(address_key(email)):
        outbox.record(session, VerificationRequested(user_id=user_id))
