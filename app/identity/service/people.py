"""Who somebody is, and what they may be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.identity import queries
from app.identity.errors import UserNotFound
from app.identity.models import User, UserRole
from app.identity.states import Role
from app.identity.tokens import Bearer
from app.kernel.clock import wall_now


@dataclass(frozen=True)
class Person:
    """What other rooms may know of a user. `timezone` is an IANA name."""

    id: UUID
    name: str
    email: str
    timezone: str
    picture_url: str | None = None


@dataclass(frozen=True)
class Profile(Person):
    """What users see of themselves. A mentor's id is the user's id."""

    roles: tuple[Role, ...] = ()

    @property
    def mentor_id(self) -> UUID | None:
        """Return the id under which the user is a mentor, None where they are none."""
        return self.id if Role.MENTOR in self.roles else None


def get_person(session: Session, user_id: UUID) -> Person:
    """Return one person; raise UserNotFound."""
    people = get_people(session, [user_id])
    if user_id not in people:
        raise UserNotFound
    return people[user_id]


def get_people(session: Session, ids: Collection[UUID]) -> Mapping[UUID, Person]:
    """Return those of the people that exist, by id, in one query."""
    return {
        user.id: Person(id=user.id, name=user.name, email=user.email, timezone=user.timezone)
        for user in queries.users_by_id(session, ids)
    }


def get_profile(session: Session, user_id: UUID) -> Profile:
    """Return the profile of a user who is known to exist."""
    return profile_of(session, queries.user_by_id(session, user_id))


def change_profile(session: Session, user_id: UUID, changes: Mapping[str, str]) -> Profile:
    """Set `name` and `timezone`, each if given and as app/identity/rules.py reads them; return the profile."""
    user = queries.user_by_id(session, user_id)
    user.name = changes.get("name", user.name)
    user.timezone = changes.get("timezone", user.timezone)
    return profile_of(session, user)


def lock_person(session: Session, user_id: UUID) -> None:
    """Lock a user until the transaction ends: of two bookings of one learner, the second sees what the first did."""
    queries.lock_user(session, user_id)


def add_role(session: Session, user_id: UUID, role: Role) -> None:
    """Give a user a role; one that they have already, and `learner`, change nothing."""
    if role is not Role.LEARNER:
        row = {"user_id": user_id, "role": role, "added_at": wall_now()}
        session.execute(insert(UserRole).values(row).on_conflict_do_nothing())


def find_roles(session: Session, bearer: Bearer) -> frozenset[str] | None:
    """Return the roles of a signed-in user as they are now; None where their sign-in was ended."""
    added = queries.roles_in_family(session, bearer.user_id, bearer.family_id, wall_now())
    return None if added is None else added | {Role.LEARNER}


def profile_of(session: Session, user: User) -> Profile:
    """Show a user to themselves, the roles in the order in which they are declared."""
    held = queries.roles_of(session, user.id) | {Role.LEARNER}
    return Profile(
        id=user.id,
        name=user.name,
        email=user.email,
        timezone=user.timezone,
        roles=tuple(role for role in Role if role in held),
    )
