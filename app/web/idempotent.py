"""@idempotent: the same key gives the same answer, and the work is done once (Idempotency-Key, httpapi draft)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any

from flask import Response, g, make_response, request
from sqlalchemy.exc import DBAPIError

from app.infra import db, idempotency
from app.kernel.errors import Unreadable
from app.web import strict_json
from app.web.actor import current_actor

_KEY = re.compile(r'^(?:"(?P<quoted>[\x21\x23-\x7e]{1,255})"|(?P<bare>[\x21\x23-\x7e]{1,255}))$')
_KEPT_HEADERS = ("Location",)
_CONTENTION_TRIES = 3

KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Yours to choose, one for each thing you want done; kept 24 h with its answer.",
}


class KeyMissing(Unreadable):
    """Send an Idempotency-Key of 1 to 255 visible ASCII characters."""

    code = "idempotency_key_required"


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

    documented: dict[str, Any] = deepcopy(getattr(run, "_apidoc", {}))  # where flask-smorest keeps what it documents
    documented.setdefault("manual_doc", {}).setdefault("parameters", []).append(KEY_PARAMETER)
    run._apidoc = documented  # type: ignore[attr-defined]  # noqa: SLF001
    return run


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
    found = _KEY.match(request.headers.get("Idempotency-Key", ""))
    if found is None:
        raise KeyMissing
    return found["quoted"] or found["bare"]
