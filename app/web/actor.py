"""Who is calling. The guards of identity fill it in; everybody above reads it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import g

from app.kernel.errors import Unauthenticated


@dataclass(frozen=True)
class Actor:
    """A signed-in user and the roles that the database gives them now."""

    id: UUID
    roles: frozenset[str]

    def has(self, *roles: str) -> bool:
        """Tell whether the actor has one of the roles; an admin has those of finance and support too."""
        held = self.roles | ({"finance", "support"} if "admin" in self.roles else set())
        return bool(held & set(roles))


def current_actor() -> Actor:
    """Return the caller; raise Unauthenticated on a public route that nobody signed in for."""
    if "actor" not in g:
        raise Unauthenticated
    actor: Actor = g.actor
    return actor
