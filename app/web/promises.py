"""What a route promises in the API document beyond its schemas; each decorator tells its own part, once.

flask-smorest keeps what it documents in an attribute of the view, `_apidoc`; this stands beside it, and
app/web/operations.py writes it down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.kernel.errors import Refusal

View = TypeVar("View", bound=Callable[..., object])

#: Headers of an answer that leads somewhere, and the schema of one that is a page.
LOCATION = {"Location": {"required": True, "schema": {"type": "string"}, "description": "where it is"}}
TEXT = {"type": "string"}


@dataclass
class Promises:
    """Who may call, how it refuses, which headers it takes, and which its successful answers may have."""

    permission: Mapping[str, Any] = field(default_factory=dict)
    refusals: list[type[Refusal]] = field(default_factory=list)
    parameters: list[Mapping[str, Any]] = field(default_factory=list)
    headers: dict[str, Mapping[str, Any]] = field(default_factory=dict)


def promise(
    view: View,
    *,
    permission: Mapping[str, Any] | None = None,
    refusals: Iterable[type[Refusal]] = (),
    parameters: Iterable[Mapping[str, Any]] = (),
    headers: Mapping[str, Mapping[str, Any]] | None = None,
) -> View:
    """Add to what a view promises, and return the view."""
    documented = deepcopy(getattr(view, "_apidoc", {}))  # wraps() shares it with the view inside
    told: Promises = documented.setdefault("promises", Promises())
    told.permission = permission or told.permission
    told.refusals.extend(refusals)
    told.parameters.extend(parameters)
    told.headers.update(headers or {})
    view._apidoc = documented  # type: ignore[attr-defined]  # noqa: SLF001 - functions take attributes
    return view


def refuses(*refusals: type[Refusal]) -> Callable[[View], View]:
    """Tell how the use case behind a route refuses. What its decorators refuse they tell themselves."""

    def mark(view: View) -> View:
        return promise(view, refusals=refusals)

    return mark
