"""How the sandbox says no over HTTP: one body, `{"errors": [{"message": …}]}`, or a small page for a browser."""

from __future__ import annotations

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from sandbox.reading import UnreadableError


def wants_html() -> bool:
    """Tell whether a browser is asking: it prefers HTML to JSON; `*/*` gets JSON."""
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def refusal(status: int, *messages: str) -> Response:
    """Answer what is refused, always in JSON."""
    answer = jsonify(errors=[{"message": message} for message in messages])
    answer.status_code = status
    return answer


def refusal_page(status: int, message: str) -> Response:
    """Answer a person: a page for a browser, JSON for everybody else."""
    if not wants_html():
        return refusal(status, message)
    return make_response(render_template("refusal.html", status=status, message=message), status)


def answer_http_error(error: HTTPException) -> Response:
    """Answer an error of the framework or a fault, keeping its status and headers (Allow, Retry-After)."""
    answer = refusal(error.code or 500, error.description or error.name)
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            answer.headers[name] = value
    return answer


def answer_unreadable(error: UnreadableError) -> Response:
    """Answer what cannot be read."""
    return refusal(400, str(error))


def install(app: Flask) -> None:
    """Let the app answer every error of its own in the sandbox's body."""
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(UnreadableError, answer_unreadable)
