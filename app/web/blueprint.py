"""The blueprint of a room: flask-smorest's, with our reader of bodies."""

from __future__ import annotations

from flask_smorest import Blueprint

from app.web.strict_json import StrictParser

API_PREFIX = "/api/v1"


class RoomBlueprint(Blueprint):
    """Routes of one room, below /api/v1."""

    ARGUMENTS_PARSER = StrictParser()


def room_blueprint(name: str, description: str) -> RoomBlueprint:
    """Return the blueprint of a room; `name` is its tag in the API document."""
    return RoomBlueprint(name, name, url_prefix=API_PREFIX, description=description)
