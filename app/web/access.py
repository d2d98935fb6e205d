"""Every route says who may call it. The app refuses to start while one does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Flask

from app.web.promises import promise

View = TypeVar("View", bound=Callable[..., object])

#: The framework's own routes, which serve documents only.
DOCUMENTS = frozenset({"static", "api-docs.openapi_json", "api-docs.openapi_swagger_ui"})


class AccessUndeclared(RuntimeError):
    """A route that nobody declared."""


def declare(view: View, access: str, **permission: object) -> View:
    """Mark the outermost function of a view with who may call it; `permission` says the same to programs."""
    view.access = access  # type: ignore[attr-defined]  # functions take attributes; Callable does not say so
    return promise(view, permission=permission)


def public(why: str) -> Callable[[View], View]:
    """Declare that anybody may call the route, and why that is right."""

    def mark(view: View) -> View:
        return declare(view, f"public: {why}", public=True, why=why)

    return mark


def refuse_undeclared(app: Flask) -> None:
    """Raise AccessUndeclared, naming the routes, unless every one carries a declaration."""
    missing = [
        str(rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in DOCUMENTS and not hasattr(app.view_functions[rule.endpoint], "access")
    ]
    if missing:
        raise AccessUndeclared(f"declare @requires(…) or @public('why') for: {', '.join(sorted(missing))}")
