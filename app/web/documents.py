"""/docs: the API document, readable and to be tried out, from files that we serve ourselves: no outside address."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, send_from_directory
from openapi_ui_bundles import swagger_ui
from werkzeug.wrappers import Response as BaseResponse

from app.kernel.errors import NotFound
from app.web.access import public

blp = Blueprint("documents", __name__)

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Amana: the API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head><body><div id="api"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>"""

START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#api", deepLinking: true, tryItOutEnabled: true})'

#: The page may run and fetch what this server serves, and nothing else.
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

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
