"""@idempotent: the same key gives the same answer, and the work is done once (Idempotency-Key, httpapi draft)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, g, make_response, request
from sqlalchemy.exc import DBAPIError

from app.infra import db, idempotency
from app.kernel.errors import Refusal, Unreadable
from app.web import strict_json
from app.web.actor import current_actor
from app.web.promises import promise
from app.web.refusals import OF_BODIES

_VISIBLE = "[!#-~]{1,255}"  # visible ASCII without the quotation mark
_KEY = re.compile(f'"{_VISIBLE}"|{_VISIBLE}')
_KEPT_HEADERS = ("Location",)
_CONTENTION_TRIES = 3

KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {
        "type": "string",
        "pattern": f"^({_KEY.pattern})$",
        "examples": ["01a1fae0-696a-70ac-8a08-434e67887249"],
    },
    "description": "Yours to choose, one for each thing you want done, bare or quoted. Kept for 24 h by default.",
}
REPLAYED = {
    "Idempotency-Replayed": {
        "description": "`true` where this is the answer that was kept under the key.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}


class KeyMissing(Unreadable):
    """Send an Idempotency-Key of 1 to 255 visible ASCII characters.

    Choose a new one, for instance a UUID, for each thing that you want done, and send the same one again when the
    answer was lost: the thing is then done once, and you get the answer of the first time.
    """

    code = "idempotency_key_required"


REFUSALS: tuple[type[Refusal], ...] = (KeyMissing, *OF_BODIES, idempotency.KeyReused, idempotency.StillRunning)


def idempotent(view: Callable[..., Any]) -> Callable[..., Response]:
    """Run the view in one transaction with its key row and stored answer; only committed work is ever replayed."""

    @wraps(view)
    def run(*args: Any, **kwargs: Any) -> Response:
        key = _key()
        for last_try in (False,) * (_CONTENTION_TRIES - 1) + (True,):
            try:
                return _run_once(key, view, *args, **kwargs)
            except DBAPIError as error:
                # A deadlock or a refused lock rolled everything back, so the whole request may simply run again.
                if last_try or db.sqlstate(error) not in db.RETRYABLE:
                    raise
        raise AssertionError("the last try returns or raises")

    return promise(run, refusals=REFUSALS, parameters=[KEY_PARAMETER], headers=REPLAYED)


def _run_once(key: str, view: Callable[..., Any], *args: Any, **kwargs: Any) -> Response:
    body = json.dumps(strict_json.body() if request.get_data(cache=True) else None, sort_keys=True).encode()
    scope = f"{current_actor().id} {request.method} {request.path}"
    with db.session_scope() as session:
        stored = idempotency.replayed(session, scope, key, body)
        if stored is not None:
            headers = {**stored.headers, "Idempotency-Replayed": "true"}
            return Response(stored.body, stored.status, headers)
        g.session = session
        try:
            answer = make_response(view(*args, **kwargs))
        finally:
            g.pop("session")
        headers = {name: answer.headers[name] for name in ("Content-Type", *_KEPT_HEADERS) if name in answer.headers}
        kept = idempotency.StoredAnswer(
            scope=scope, key=key, status=answer.status_code, headers=headers, body=answer.get_data()
        )
        idempotency.store(session, kept, body)
        return answer


def _key() -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise KeyMissing
    return key.strip('"')
