"""Pages for people: the API document to read and try at /docs, and what every problem means below /problems.

All they need is served from here: no outside address.
"""

from __future__ import annotations

import json

from flask import Blueprint, Response, redirect, render_template, send_from_directory
from openapi_ui_bundles import swagger_ui
from werkzeug.wrappers import Response as BaseResponse

from app.kernel.errors import NotFound
from app.web.access import public
from app.web.problems import written
from app.web.refusals import catalogue
from app.web.schemas import EXAMPLE_ID

blp = Blueprint("documents", __name__, template_folder="templates")

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Amana: the API</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head><body>
<div id="api"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>"""

#: No validator: it would be asked at an address outside. Extensions: x-permission says who may call.
START = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#api", deepLinking: true, docExpansion: "list", showExtensions: true,
  tryItOutEnabled: true, validatorUrl: null
})"""

#: What holds for every operation, at the top of the API document.
CONVENTIONS = """\
A marketplace for booked sessions: a learner books a mentor, the money lies in escrow until the session has been held.

- **Who may call** stands at each operation as `x-permission`: which roles, and `whose` things. Sign in at
  `POST /api/v1/auth/login`, and send the access token as `Authorization: Bearer …`; it lives ten minutes by default,
  `POST /api/v1/auth/refresh` gives the next.
- **Money** is a whole number of minor units with its currency: `{"amount": 45000, "currency": "TND"}` is 45.000 TND.
  Instants are RFC 3339, answered in UTC. Unknown fields in a body are refused.
- **Errors** are `application/problem+json` (RFC 9457): `code` is for programs and never changes, `detail` is for
  people, `errors` names fields by JSON pointers, `type` leads to [a page about the problem](/problems).
- **`Idempotency-Key`** stands at the operations that need one: the same key brings the same answer, and the thing is
  done once. **`Prefer: wait=10`** holds an answer until something has changed.
- **Lists** have `items` and `next_cursor`; ask again with `cursor` while that is not null.
- **`X-Request-Id`** is taken from the request (up to 128 visible characters) or made, and is on every answer and in our
  logs: put nothing personal into it.
- Fields and values may be added to answers: pass over those that you do not know. None is renamed.
"""

#: The page may run and fetch what this server serves, and nothing else.
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

#: A page of a problem may show text in its own style, with an icon that is none, and nothing else.
TEXT_ONLY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
}

ASSETS = frozenset({"swagger-ui.css", "swagger-ui-bundle.js"})


@blp.get("/")
@public("whoever comes to the front door is shown to the API document")
def show_front_door() -> BaseResponse:
    """Lead a person to the API document."""
    return redirect("/docs")


@blp.get("/docs")
@public("the API document is public")
def show_page() -> Response:
    """Show the API document in Swagger UI."""
    return Response(PAGE, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": POLICY})


@blp.get("/docs/start.js")
@public("a part of the page above")
def show_start() -> Response:
    """Serve the line that starts Swagger UI: in a file of its own, so that the page needs no inline script."""
    return Response(START, content_type="text/javascript; charset=utf-8")


@blp.get("/docs/assets/<name>")
@public("a part of the page above")
def show_asset(name: str) -> Response:
    """Serve one of Swagger UI's files from its Python package."""
    if name not in ASSETS:
        raise NotFound
    return send_from_directory(swagger_ui.static_path, name, max_age=86_400)


@blp.get("/problems")
@public("the API document is public")
def list_problems() -> tuple[str, dict[str, str]]:
    """List every `code` that an answer can have, with its sentence."""
    return render_template("problems.html", problems=catalogue()), TEXT_ONLY


@blp.get("/problems/<code>")
@public("the `type` of every problem leads here")
def show_problem(code: str) -> tuple[str, dict[str, str]]:
    """Show what a problem means and what to do: its class's docstring, and the sentences of those derived from it."""
    if code not in catalogue():
        raise NotFound
    kind, *others = catalogue()[code]
    example = json.dumps(written(kind, kind.sentence(), EXAMPLE_ID), indent=2, ensure_ascii=False)
    return render_template("problem.html", kind=kind, others=others, example=example), TEXT_ONLY
