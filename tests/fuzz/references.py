"""Puts what exists into generated cases: ids into paths and bodies, tokens, cursors, a key of its own for each request.

Only what the case has right by the document is touched: a part that is wrong on purpose stays as it was generated.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from schemathesis import AuthContext, Case
from schemathesis.core.parameters import ParameterLocation

from app.kernel.ids import new_id
from tests.api.calls import BODIES, OTHERS, Call, filled
from tests.api.scene import Scene
from tests.factories.identity import PASSWORD, token_for
from tests.fuzz.stage import METRICS_TOKEN, consent

SMALL = {"amount": 1_000, "currency": "TND"}
HOURS = [{"weekday": "monday", "start": "09:00", "end": "24:00"}]

#: What bodies and queries must name of what exists, beside what the calls of tests/api name.
FIELDS: dict[str, dict[str, Any]] = {
    "identity_login": {"password": PASSWORD},
    "identity_register": {"timezone": "Africa/Tunis"},
    "identity_verify_email": {"token": "{token}"},
    "identity_refresh": {"refresh_token": "{refresh_token}"},
    "identity_change_me": {"timezone": "Europe/Paris"},
    "mentors_set_availability": {"timezone": "Africa/Tunis", "rules": HOURS},
    "mentors_create_offering": {"price": SMALL},
    "mentors_change_offering": {"price": SMALL},
    "bookings_list_slots": {"offering_id": "{offering}", "from": "{now}", "to": "{soon}", "timezone": "Africa/Tunis"},
    "payments_top_up": {"amount": SMALL},
    "payouts_request_payout": {"amount": SMALL},
    "payouts_resolve": {"received": SMALL},
    "calendar_connect": {"return_to": "http://127.0.0.1:3000/back"},
}
MACS = {"payment_id": "{payment_mac}", "attempt_id": "{link_mac}"}
WITH_A_CONSENT = {"calendar_callback", "calendar_complete"}


class References:
    """Who makes the request of each operation, and what it can name."""

    def __init__(self, app: Flask, scene: Scene) -> None:
        self._scene = scene
        self._calls: dict[tuple[str, str], Call] = {}
        for call in (*BODIES, *OTHERS):
            self._calls.setdefault(call.rule(app), call)

    # --- signing in (schemathesis calls it an auth provider) ---------------------------------------------------------

    def get(self, case: Case, _context: AuthContext) -> str | None:
        """Return the token of somebody who may make this request; None where anybody may."""
        permission = case.operation.definition.raw["x-permission"]
        if permission["public"]:
            return None
        if permission.get("scheme") == "metrics":
            return f"Bearer {METRICS_TOKEN}"
        call = self._call(case)
        who = call.who if call else (*permission["roles"], "learner")[0]
        return token_for(self._scene.people[who])["Authorization"]

    def set(self, case: Case, data: str, _context: AuthContext) -> None:
        """Send it."""
        case.headers["Authorization"] = data

    # --- naming what exists ------------------------------------------------------------------------------------------

    def fill(self, case: Case) -> None:
        """Put what exists into a case, wherever it is right."""
        if case.path_parameters and _is_right(case, ParameterLocation.PATH):
            case.path_parameters = {**case.path_parameters, **self._path(case)}
        self._fill_headers(case)
        name = case.operation.definition.raw["operationId"]
        fields = filled(self._named_by_calls(case) | FIELDS.get(name, {}), self._scene.ids)
        if name in WITH_A_CONSENT:
            fields = consent(self._scene)
        if isinstance(case.body, dict) and _is_right(case, ParameterLocation.BODY):
            case.body = _with(case.body, fields)
        if case.query and _is_right(case, ParameterLocation.QUERY):
            case.query = _with(case.query, fields)
            if "cursor" in case.query:
                self._fill_cursor(case)

    def _call(self, case: Case) -> Call | None:
        return self._calls.get((case.operation.method.upper(), case.operation.path))

    def _path(self, case: Case) -> dict[str, str]:
        call = self._call(case)
        names = re.findall(r"\{(\w+)\}", case.operation.path)
        real = [part for part in (call.path if call else "").split("?")[0].split("/") if part[:1] == "{"]
        macs = [MACS[names[0]]] if "mac" in names else []
        return {name: value.format(**self._scene.ids) for name, value in zip(names, [*real, *macs], strict=False)}

    def _named_by_calls(self, case: Case) -> dict[str, Any]:
        """Return the fields of a call's body that are names of the scene."""
        call = self._call(case)
        body = (call.body if call else None) or {}
        return {name: value for name, value in body.items() if isinstance(value, str) and value.startswith("{")}

    def _fill_headers(self, case: Case) -> None:
        """Give each request a key of its own, and let none wait: any text is a right preference."""
        if "Idempotency-Key" in case.headers and _is_right(case, ParameterLocation.HEADER):
            case.headers["Idempotency-Key"] = str(new_id())
        if "Prefer" in case.headers:
            case.headers["Prefer"] = "wait=0"

    def _fill_cursor(self, case: Case) -> None:
        """Send the cursor that the list itself gives after its first item; none where there is no second."""
        query = {**{name: value for name, value in case.query.items() if name != "cursor"}, "limit": 1}
        headers = {"Authorization": case.headers.get("Authorization", "")}
        path = case.operation.path.format(**case.path_parameters)
        first = self._scene.world.client.get(path, query_string=query, headers=headers)
        cursor = first.json.get("next_cursor")
        case.query = {**{name: value for name, value in case.query.items() if name != "cursor"}} | (
            {"cursor": cursor} if cursor else {}
        )


def _is_right(case: Case, location: ParameterLocation) -> bool:
    return case.meta is None or not case.meta.is_negative_at(location)


def _with(found: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    return {name: fields.get(name, value) for name, value in found.items()}
