"""Every call that sends a body, as it is accepted; and everything else that a path names.

Names in braces are those of the scene. A route that is missing here fails the test that reads the routes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Flask
from werkzeug.routing import Rule

from tests.api.scene import Scene
from tests.factories.identity import PASSWORD

V1 = "/api/v1"
MONEY = {"amount": 45_000, "currency": "TND"}
WHY = {"reason": "Because."}


@dataclass(frozen=True)
class Call:
    """A request, who may make it, and with which status it is answered.

    `strangers` may not see what it names; `nullable` are the fields that may be null.
    """

    method: str
    path: str
    who: str
    body: Mapping[str, Any] | None = None
    status: int = 200
    strangers: tuple[str, ...] = ()
    nullable: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def url(self, scene: Scene) -> str:
        """Return the path with the scene's ids."""
        return V1 + self.path.format(**scene.ids)

    def json(self, scene: Scene) -> Any:
        """Return the body with the scene's ids."""
        return filled(self.body, scene.ids)

    def rule(self, app: Flask) -> tuple[str, str]:
        """Return the route that answers it, as (method, pattern), the pattern as OpenAPI writes it."""
        path = re.sub(r"\{\w+\}", str(UUID(int=0)), V1 + self.path.split("?")[0])
        rule, _ = app.url_map.bind("localhost").match(path, self.method, return_rule=True)
        return self.method, pattern(rule)


def pattern(rule: Rule) -> str:
    """Return the path of a route as OpenAPI writes it: /mentors/{mentor_id}."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def filled(value: Any, ids: Mapping[str, str]) -> Any:
    """Return a body with every text that is a name in braces replaced."""
    if isinstance(value, Mapping):
        return {name: filled(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, ids) for inner in value]
    return value.format(**ids) if isinstance(value, str) else value


BODIES = (
    Call("POST", "/auth/register", "anonymous",
         {"email": "new@amana.test", "password": "a long enough one", "name": "Nour", "timezone": "Africa/Tunis"}, 202),
    Call("POST", "/auth/resend-verification", "anonymous", {"email": "new@amana.test"}, 202),
    Call("POST", "/auth/verify-email", "anonymous", {"token": "of-nobody"}, 422),
    Call("POST", "/auth/login", "anonymous", {"email": "{email}", "password": PASSWORD}, 200),
    Call("POST", "/auth/refresh", "anonymous", {"refresh_token": "of-nobody"}, 401),
    Call("POST", "/auth/logout", "anonymous", {"refresh_token": "of-nobody"}, 204),
    Call("PATCH", "/me", "learner", {"name": "Lina", "timezone": "Africa/Tunis"}),
    Call("POST", "/mentors", "stranger", {"headline": "Databases", "bio": "Twenty years.", "skills": ["sql"]}, 201),
    Call("PATCH", "/mentors/me", "mentor", {
        "headline": "Databases", "bio": "Twenty years.", "skills": ["sql"], "accepting_bookings": True,
        "buffer_minutes": 5, "min_notice_minutes": 60, "horizon_days": 60}),
    Call("POST", "/mentors/me/offerings", "mentor",
         {"title": "One hour", "description": "Ask.", "duration_minutes": 60, "price": MONEY}, 201),
    Call("PATCH", "/mentors/me/offerings/{offering}", "mentor",
         {"title": "One hour", "description": "Ask.", "duration_minutes": 60, "price": MONEY}, strangers=("rival",)),
    Call("PUT", "/mentors/me/availability", "mentor",
         {"timezone": "UTC", "rules": [{"weekday": "monday", "start": "00:00", "end": "24:00"}]}),
    Call("POST", "/bookings", "stranger", {"offering_id": "{other_offering}", "starts_at": "{slot}", "note": "Hello."},
         201),
    Call("POST", "/bookings/{unpaid}/cancel", "learner", WHY, strangers=("stranger", "rival", "admin")),
    Call("POST", "/bookings/{completed}/report-problem", "learner", WHY, strangers=("stranger", "mentor", "admin")),
    Call("POST", "/admin/bookings/{disputed}/resolve", "support", {"outcome": "release", **WHY}),
    Call("POST", "/wallet/top-ups", "learner", {"amount": MONEY}, 201),
    Call("PUT", "/payouts/destination", "mentor", {"konnect_wallet_id": "a1b2c3d4e5f60718293a4b5c"}),
    Call("POST", "/payouts", "mentor", {"amount": {"amount": 1_000, "currency": "TND"}}, 201),
    Call("POST", "/admin/payouts/{payout}/approve", "finance", {}),
    Call("POST", "/admin/payouts/{rejected}/reject", "finance", WHY),
    Call("POST", "/admin/payouts/{doubtful}/resolve", "finance", {"received": MONEY, **WHY}),
    Call("POST", "/calendar/google/connect", "mentor", {"return_to": "http://127.0.0.1:3000/back"},
         nullable=("/return_to",)),
    Call("POST", "/calendar/google/complete", "mentor", {"state": "of-nobody", "code": "of-nobody"}, 400),
    Call("POST", "/admin/dead-letters/{dead}/discard", "admin", WHY),
    Call("POST", "/sandbox/clock", "anonymous", {"advance_seconds": 1}),
)  # fmt: skip

#: Calls without a body of their own that name something.
OTHERS = (
    Call("GET", "/mentors/{mentor}", "anonymous"),
    Call("GET", "/mentors/{mentor}/offerings", "anonymous"),
    Call("GET", "/mentors/{mentor}/slots?offering_id={offering}&from={now}&to={soon}", "anonymous"),
    Call("GET", "/bookings/{confirmed}", "learner", strangers=("stranger", "rival", "finance")),
    Call("GET", "/payments/{payment}", "learner", strangers=("stranger", "mentor", "admin")),
    Call("GET", "/payments/{payment}/result", "anonymous"),
    Call("POST", "/webhooks/konnect/{payment}/forged", "anonymous", status=404),
    Call("GET", "/webhooks/konnect/{payment}/forged", "anonymous", status=404),
    Call("GET", "/admin/dead-letters/{dead}", "support"),
    Call("GET", "/payouts/{payout}", "mentor", strangers=("rival",)),
    Call("POST", "/payouts/{cancelled}/cancel", "mentor", strangers=("rival",)),
    Call("GET", "/admin/payouts/{payout}", "finance"),
    Call("GET", "/payout-links/{link}/result", "anonymous"),
    Call("POST", "/webhooks/konnect-payout/{link}/forged", "anonymous", status=404),
    Call("GET", "/webhooks/konnect-payout/{link}/forged", "anonymous", status=404),
    Call("POST", "/bookings/{failed}/payments", "learner", status=201, strangers=("stranger", "mentor", "admin")),
    Call("POST", "/notifications/{notice}/read", "learner", strangers=("stranger", "admin")),
    Call("POST", "/admin/notifications/{alarm}/read", "support"),
    Call("DELETE", "/admin/notifications/{alarm}", "support", status=204),
    Call("POST", "/admin/dead-letters/{dead}/replay", "admin"),
    Call("DELETE", "/mentors/me/offerings/{offering}", "mentor", status=204, strangers=("rival",)),
)  # fmt: skip
