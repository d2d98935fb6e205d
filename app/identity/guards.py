"""Who may call a route: `@requires()` any signed-in user, `@requires("mentor")` one who has one of the roles."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any

from flask import g, request

from app.identity import service, tokens
from app.identity.states import Role
from app.infra.db import session_scope
from app.kernel.errors import Forbidden, Unauthenticated
from app.web.access import declare
from app.web.actor import Actor

View = Callable[..., Any]

#: The way in, as OpenAPI describes it; app/factory.py enters it in the document.
SECURITY_SCHEME = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]


class RoleMissing(Forbidden):
    """Your account does not have the role that this needs."""


def requires(*roles: str) -> Callable[[View], View]:
    """Let only signed-in users pass who have one of the roles now; without roles, any signed-in user.

    Roles come from the database on every call, so that taking one away works at once. Raises Unauthenticated (401)
    and RoleMissing (403) before the view, its transaction and its reading of the body begin.
    """
    wanted = [Role(role) for role in roles]

    def guard(view: View) -> View:
        @wraps(view)
        def run(*args: Any, **kwargs: Any) -> Any:
            g.actor = _signed_in_actor()
            if wanted and not g.actor.has(*wanted):
                raise RoleMissing(f"This needs the role {' or '.join(wanted)}.")
            return view(*args, **kwargs)

        # flask-smorest keeps a view's documentation in this attribute, which wraps() shares with the view.
        documented = deepcopy(getattr(view, "_apidoc", {}))
        documented.setdefault("manual_doc", {})["security"] = SECURITY
        run.__dict__["_apidoc"] = documented
        return declare(run, f"requires: {' or '.join(wanted) or 'a signed-in user'}")

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
