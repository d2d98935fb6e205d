"""Who may call a route: `@requires()` any signed-in user, `@requires("mentor")` one who has one of the roles.

`whose` says to readers of the API document which things they may ask for; the service sees to it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, request

from app.identity import service, tokens
from app.identity.states import Role
from app.infra.db import session_scope
from app.kernel.errors import Forbidden, Unauthenticated
from app.web.access import declare
from app.web.actor import Actor
from app.web.promises import promise

View = Callable[..., Any]


class RoleMissing(Forbidden):
    """Your account does not have the role that this needs.

    A mentor becomes one with POST /api/v1/mentors. The roles of the back office are given by `flask users`. A role
    works from the moment in which it is given.
    """


def requires(*roles: str, whose: str = "") -> Callable[[View], View]:
    """Let only signed-in users pass who have one of the roles now; without roles, any signed-in user.

    Roles come from the database on every call, so that taking one away works at once. Raises Unauthenticated (401)
    and RoleMissing (403) before the view, its transaction and its reading of the body begin.
    """
    wanted = [Role(role) for role in roles]
    said = {"whose": whose} if whose else {}

    def guard(view: View) -> View:
        @wraps(view)
        def run(*args: Any, **kwargs: Any) -> Any:
            g.actor = _signed_in_actor()
            if wanted and not g.actor.has(*wanted):
                raise RoleMissing(f"This needs the role {' or '.join(wanted)}.")
            return view(*args, **kwargs)

        promise(run, refusals=[Unauthenticated, RoleMissing] if wanted else [Unauthenticated])
        access = f"requires: {' or '.join(wanted) or 'a signed-in user'}"
        return declare(run, access, public=False, roles=wanted, **said)

    return guard


def _signed_in_actor() -> Actor:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    bearer = tokens.read_access_token(token.strip()) if scheme.lower() == "bearer" else None
    if bearer is None:
        raise Unauthenticated
    with session_scope() as session:
        roles = service.find_roles(session, bearer)
    if roles is None:
        raise Unauthenticated
    return Actor(id=bearer.user_id, roles=roles)
