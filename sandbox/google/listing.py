"""What the calendars hold, for whoever wants to compare them with what they asked for."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from sandbox.google.people import read_email
from sandbox.world import world

blueprint = Blueprint("google_listing", __name__, url_prefix="/google")


@blueprint.get("/events")
def list_events() -> Response:
    """List events by their starts; `?email=` for those of one account, `?showDeleted=true` for the deleted ones too."""
    given = request.args.get("email")
    email = (read_email(given) or given) if given is not None else None
    found = world().events.listed(email, deleted=request.args.get("showDeleted") == "true")
    return jsonify(items=[event.as_json() for event in found])
