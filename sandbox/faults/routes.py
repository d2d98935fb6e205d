"""Ordering faults over HTTP: POST, GET and DELETE /faults."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import NotFound

from sandbox.faults.catalogue import KINDS, InvalidOrderError
from sandbox.reading import json_object
from sandbox.refusals import refusal
from sandbox.world import world

blueprint = Blueprint("faults", __name__, url_prefix="/faults")


@blueprint.post("")
def order_fault() -> tuple[Response, int]:
    """Order a fault; 201 with its id."""
    fault = world().faults.order(json_object(request.get_data()))
    return jsonify(fault.as_json()), 201


@blueprint.get("")
def list_faults() -> Response:
    """List what is on order, and what can be ordered."""
    kinds = [{"fault": kind.name, "about": kind.about, "fields": dict(kind.defaults)} for kind in KINDS.values()]
    return jsonify(items=[fault.as_json() for fault in world().faults.listed()], catalogue=kinds)


@blueprint.delete("")
def end_all_faults() -> tuple[str, int]:
    """End all of them: connections that are being held are released."""
    world().faults.end_all()
    return "", 204


@blueprint.delete("/<fault_id>")
def end_fault(fault_id: str) -> tuple[str, int]:
    """End one of them."""
    if not world().faults.end(fault_id):
        raise NotFound("no fault of this id is on order")
    return "", 204


@blueprint.errorhandler(InvalidOrderError)
def refuse_order(error: InvalidOrderError) -> Response:
    """Answer 422; the message names the field."""
    return refusal(422, str(error))
