"""Reading the mailbox over HTTP."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from sandbox.refusals import refusal
from sandbox.world import world

blueprint = Blueprint("mail", __name__)


@blueprint.get("/mailbox")
def mailbox() -> Response:
    """Mails, newest first; `?to=` for those of one recipient, `?limit=` for so many."""
    limit = request.args.get("limit")
    if limit is not None and not (limit.isascii() and limit.isdigit()):
        return refusal(422, "limit must be a whole number")
    found = world().mailbox.newest(request.args.get("to"), int(limit) if limit else None)
    return jsonify(items=[mail.as_json() for mail in found])
