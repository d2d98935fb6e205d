"""People for tests."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from app.identity.models import TokenFamily, User
from app.identity.service import add_role
from app.identity.states import Role
from app.identity.tokens import Bearer, issue_access_token
from app.kernel.clock import wall_now
from app.kernel.ids import new_id

PASSWORD = "correct horse battery"

_numbers = itertools.count(1)
_hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@dataclass(frozen=True)
class MadeUser:
    """A person who exists, with what is needed to sign in, and who is signed in already."""

    id: UUID
    email: str
    name: str
    timezone: str
    password: str
    family_id: UUID


def make_user(
    session: Session,
    *,
    email: str = "",
    name: str = "Amina Ben Salah",
    timezone: str = "Africa/Tunis",
    password: str = PASSWORD,
    verified: bool = True,
    roles: Collection[str] = (),
) -> MadeUser:
    """Make a user who is verified and signed in unless told otherwise; the caller's transaction holds it."""
    now = wall_now()
    user = User(
        id=new_id(),
        email=email or f"person{next(_numbers)}@amana.test",
        name=name,
        timezone=timezone,
        password_hash=_hasher.hash(password),
        verified_at=now if verified else None,
        created_at=now,
    )
    family = TokenFamily(id=new_id(), user_id=user.id, begun_at=now, expires_at=now + timedelta(days=90))
    session.add(user)
    session.flush()
    session.add(family)
    for role in roles:
        add_role(session, user.id, Role(role))
    session.flush()
    return MadeUser(user.id, user.email, user.name, user.timezone, password, family.id)


def token_for(user: MadeUser) -> dict[str, str]:
    """Return the header of a request that this user makes."""
    return {"Authorization": f"Bearer {issue_access_token(Bearer(user.id, user.family_id))}"}
