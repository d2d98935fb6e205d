"""Who may call what: every route and every role (API §2 to §9)."""

from __future__ import annotations

import re

from flask import Flask
from werkzeug.routing import Rule

from app.identity.tokens import Bearer, issue_access_token
from app.kernel.ids import new_id
from tests.api.calls import pattern
from tests.api.scene import ROLES, Scene
from tests.booking.world import World, refusal

#: + passes the guard, - does not: 401 without a sign-in, 403 with one.
MATRIX = """
                                                          anonymous learner mentor finance support admin
GET    /                                                          +       +      +       +       +     +
GET    /docs                                                      +       +      +       +       +     +
GET    /docs/assets/{name}                                        +       +      +       +       +     +
GET    /docs/start.js                                             +       +      +       +       +     +
GET    /health                                                    +       +      +       +       +     +
GET    /health/live                                               +       +      +       +       +     +
GET    /health/ready                                              +       +      +       +       +     +
GET    /metrics                                                   +       +      +       +       +     +
GET    /openapi.json                                              +       +      +       +       +     +
GET    /problems                                                  +       +      +       +       +     +
GET    /problems/{code}                                           +       +      +       +       +     +
POST   /api/v1/auth/login                                         +       +      +       +       +     +
POST   /api/v1/auth/logout                                        +       +      +       +       +     +
POST   /api/v1/auth/refresh                                       +       +      +       +       +     +
POST   /api/v1/auth/register                                      +       +      +       +       +     +
POST   /api/v1/auth/resend-verification                           +       +      +       +       +     +
POST   /api/v1/auth/verify-email                                  +       +      +       +       +     +
GET    /api/v1/me                                                 -       +      +       +       +     +
PATCH  /api/v1/me                                                 -       +      +       +       +     +
GET    /api/v1/mentors                                            +       +      +       +       +     +
POST   /api/v1/mentors                                            -       +      +       +       +     +
GET    /api/v1/mentors/{mentor_id}                                +       +      +       +       +     +
GET    /api/v1/mentors/{mentor_id}/offerings                      +       +      +       +       +     +
GET    /api/v1/mentors/{mentor_id}/slots                          +       +      +       +       +     +
PATCH  /api/v1/mentors/me                                         -       -      +       -       -     -
GET    /api/v1/mentors/me/availability                            -       -      +       -       -     -
PUT    /api/v1/mentors/me/availability                            -       -      +       -       -     -
POST   /api/v1/mentors/me/offerings                               -       -      +       -       -     -
PATCH  /api/v1/mentors/me/offerings/{offering_id}                 -       -      +       -       -     -
DELETE /api/v1/mentors/me/offerings/{offering_id}                 -       -      +       -       -     -
GET    /api/v1/bookings                                           -       +      +       +       +     +
POST   /api/v1/bookings                                           -       +      +       +       +     +
GET    /api/v1/bookings/{booking_id}                              -       +      +       +       +     +
POST   /api/v1/bookings/{booking_id}/cancel                       -       +      +       +       +     +
POST   /api/v1/bookings/{booking_id}/payments                     -       +      +       +       +     +
POST   /api/v1/bookings/{booking_id}/report-problem               -       +      +       +       +     +
POST   /api/v1/admin/bookings/{booking_id}/resolve                -       -      -       -       +     +
GET    /api/v1/payments/{payment_id}                              -       +      +       +       +     +
GET    /api/v1/payments/{payment_id}/result                       +       +      +       +       +     +
GET    /api/v1/webhooks/konnect/{payment_id}/{mac}                +       +      +       +       +     +
POST   /api/v1/webhooks/konnect/{payment_id}/{mac}                +       +      +       +       +     +
GET    /api/v1/wallet                                             -       +      +       +       +     +
GET    /api/v1/wallet/transactions                                -       +      +       +       +     +
POST   /api/v1/wallet/top-ups                                     -       +      +       +       +     +
GET    /api/v1/payouts                                            -       -      +       -       -     -
POST   /api/v1/payouts                                            -       -      +       -       -     -
GET    /api/v1/payouts/destination                                -       -      +       -       -     -
PUT    /api/v1/payouts/destination                                -       -      +       -       -     -
GET    /api/v1/payouts/{payout_id}                                -       -      +       -       -     -
POST   /api/v1/payouts/{payout_id}/cancel                         -       -      +       -       -     -
GET    /api/v1/admin/payouts                                      -       -      -       +       -     +
GET    /api/v1/admin/payouts/{payout_id}                          -       -      -       +       -     +
POST   /api/v1/admin/payouts/{payout_id}/approve                  -       -      -       +       -     +
POST   /api/v1/admin/payouts/{payout_id}/reject                   -       -      -       +       -     +
POST   /api/v1/admin/payouts/{payout_id}/resolve                  -       -      -       +       -     +
GET    /api/v1/payout-links/{attempt_id}/result                   +       +      +       +       +     +
GET    /api/v1/webhooks/konnect-payout/{attempt_id}/{mac}         +       +      +       +       +     +
POST   /api/v1/webhooks/konnect-payout/{attempt_id}/{mac}         +       +      +       +       +     +
GET    /api/v1/calendar                                           -       -      +       -       -     -
DELETE /api/v1/calendar/google                                    -       -      +       -       -     -
GET    /api/v1/calendar/google/callback                           +       +      +       +       +     +
POST   /api/v1/calendar/google/complete                           -       -      +       -       -     -
POST   /api/v1/calendar/google/connect                            -       -      +       -       -     -
GET    /api/v1/notifications                                      -       +      +       +       +     +
POST   /api/v1/notifications/{notification_id}/read               -       +      +       +       +     +
GET    /api/v1/admin/books                                        -       -      -       +       -     +
GET    /api/v1/admin/dead-letters                                 -       -      -       -       +     +
GET    /api/v1/admin/dead-letters/{delivery_id}                   -       -      -       -       +     +
POST   /api/v1/admin/dead-letters/{delivery_id}/discard           -       -      -       -       -     +
POST   /api/v1/admin/dead-letters/{delivery_id}/replay            -       -      -       -       -     +
GET    /api/v1/admin/notifications                                -       -      -       -       +     +
DELETE /api/v1/admin/notifications/{notification_id}              -       -      -       -       +     +
POST   /api/v1/admin/notifications/{notification_id}/read         -       -      -       -       +     +
GET    /api/v1/sandbox/clock                                      +       +      +       +       +     +
POST   /api/v1/sandbox/clock                                      +       +      +       +       +     +
"""

_HEAD, *_LINES = (line.split() for line in MATRIX.strip().splitlines())
ROWS = {(method, path): dict(zip(_HEAD, marks, strict=True)) for method, path, *marks in _LINES}
GUARDED = [row for row, may in ROWS.items() if may["anonymous"] == "-"]


def routes(app: Flask) -> set[tuple[str, str]]:
    """Return every route of the application, as (method, pattern)."""
    return {(method, pattern(rule)) for rule in app.url_map.iter_rules() for method in _methods(rule)}


def _methods(rule: Rule) -> set[str]:
    return (rule.methods or set()) - {"HEAD", "OPTIONS"}


def url(path: str) -> str:
    """Return a path whose ids are nobody's."""
    named = path.replace("{name}", "swagger-ui.css").replace("{mac}", "forged").replace("{code}", "slot_taken")
    return re.sub(r"\{\w+\}", lambda _: str(new_id()), named)


def test_every_route_is_in_the_matrix(flask_app: Flask) -> None:
    assert list(ROLES) == _HEAD
    assert set(ROWS) == routes(flask_app)


def test_every_role_passes_where_it_may_and_nowhere_else(scene: Scene) -> None:
    wrong = []
    for (method, path), may in ROWS.items():
        for role in ROLES:
            answer = scene.world.client.open(url(path), method=method, headers=scene.headers(role), buffered=True)
            stopped = answer.status_code in (401, 403)
            expected = {"+": None, "-": 401 if role == "anonymous" else 403}[may[role]]
            broke = answer.status_code >= 500 and not path.startswith("/health")
            if broke or (answer.status_code if stopped else None) != expected:
                wrong.append(f"{role}: {method} {path}: {answer.status_code}")
    assert wrong == []


def test_without_a_valid_token_nobody_is_let_in_anywhere(scene: Scene) -> None:
    learner = scene.people["learner"]
    token = issue_access_token(Bearer(learner.id, learner.family_id))
    foreign = issue_access_token(Bearer(learner.id, scene.people["mentor"].family_id))
    header, payload, signature = token.split(".")
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"  # {"alg":"none","typ":"JWT"}
    bad = [
        "", "Bearer", f"Basic {token}", f"Bearer {token}x", f"Bearer {foreign}", f"Bearer {header}.{payload}.",
        f"Bearer {unsigned}.{payload}.", f"Bearer {header}.{payload[:-2]}.{signature}", "Bearer \xff",
    ]  # fmt: skip
    for method, path in GUARDED:
        for credentials in bad:
            answer = scene.world.client.open(url(path), method=method, headers={"Authorization": credentials})
            assert refusal(answer) == (401, "unauthenticated"), (method, path, credentials)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_role_counts_from_the_moment_in_which_it_is_given(world: World) -> None:
    person = world.person()
    path = "/api/v1/admin/books"
    headers = Scene(world, {"learner": person}).headers("learner")
    assert world.client.get(path, headers=headers).status_code == 403

    world.become(person, "finance")

    assert world.client.get(path, headers=headers).status_code == 200
