"""Reading the mailbox over HTTP."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from sandbox.reading import read_limit
from sandbox.world import world

blueprint = Blueprint("mail", __name__)


@blueprint.get("/mailbox")
def mailbox() -> Response:
    """List mails, newest first; `?to=` for those of one recipient, `?limit=` for so many."""
    found = world().mailbox.newest(request.args.get("to"), read_limit(request.args.get("limit")))
    return jsonify(items=[mail.as_json() for mail in found])
