"""The doors of the back office: health, the books, dead letters, and the clock of demo and test."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST

from app.identity.guards import requires
from app.infra import clock, metrics, outbox
from app.infra.config import settings
from app.infra.outbox import dead_letters
from app.infra.outbox.dead_letters import DeadLetter, Filter
from app.kernel.errors import NotFound
from app.kernel.states import IllegalTransition
from app.ops import books, exposition, health, schemas
from app.ops.events import ClockMoved
from app.ops.guards import for_scrapers
from app.ops.states import HealthStatus
from app.web import cursors
from app.web.access import public
from app.web.actor import current_actor
from app.web.blueprint import RoomBlueprint, room_blueprint
from app.web.promises import TEXT, refuses
from app.web.transaction import request_scope

blp = room_blueprint("ops", "The books, work that was given up, and the clock of demo and test.")
health_blp = RoomBlueprint("health", "health", description="Is it alive, can it work, how much does it do?")


@health_blp.route("/health/live", methods=["GET"])
@public("whoever watches the process asks; it says nothing but that it runs")
@health_blp.response(200, schemas.HealthSchema)
def show_liveness() -> dict[str, Any]:
    """Say that the process answers; depends on nothing."""
    return {"status": HealthStatus.HEALTHY, "checks": {}}


@health_blp.route("/health/ready", methods=["GET"])
@public("load balancers ask; details name no secret and no host")
@health_blp.alt_response(503, schema=schemas.HealthSchema, description="It cannot work now")
@health_blp.response(200, schemas.HealthSchema)
def show_readiness() -> tuple[health.Report, int]:
    """Say whether this process can do its work now; 503 when it cannot."""
    return _told(health.readiness.report())


@health_blp.route("/health", methods=["GET"])
@public("whoever watches the system asks; details are counts and ages, and name no secret and no host")
@health_blp.alt_response(503, schema=schemas.HealthSchema, description="A part of the system does not work now")
@health_blp.response(200, schemas.HealthSchema)
def show_health() -> tuple[health.Report, int]:
    """Say how the whole system is, in two seconds at most; 503 when a part of it does not work."""
    return _told(health.everything.report())


@health_blp.route("/metrics", methods=["GET"])
@for_scrapers
@health_blp.response(200, TEXT, content_type="text/plain", description="Prometheus' text format")
def show_metrics() -> Response:
    """Show how things stand and what all processes have counted, in Prometheus' text format."""
    metrics.flush()
    with request_scope() as session:
        return Response(exposition.expose(session), content_type=CONTENT_TYPE_LATEST)


@blp.route("/admin/books", methods=["GET"])
@requires("finance", "admin")
@blp.response(200, schemas.BooksSchema)
def show_books() -> books.Books:
    """Show the trial balance, every invariant, and what lies on accounts that must return to zero."""
    with request_scope() as session:
        return books.read_books(session)


@blp.route("/admin/dead-letters", methods=["GET"])
@requires("support", "admin")
@blp.arguments(schemas.DeadLetterQuery, location="query")
@blp.response(200, schemas.DeadLetterPage)
def list_dead_letters(query: dict[str, Any]) -> dict[str, Any]:
    """List work that was given up, the latest written first."""
    wanted = Filter(query["task"], query["queue"], query["event_type"], query["died_after"], query["error"])
    name = f"dead letters {wanted}"
    (before,) = cursors.decode(name, query["cursor"]) or [None]
    with request_scope() as session:
        found = dead_letters.find(session, wanted, before_seq=before, limit=query["limit"] + 1)
        letters = dead_letters.gather(session, found)
    return cursors.page(name, letters, query["limit"], lambda letter: [letter.delivery.seq])


@blp.route("/admin/dead-letters/<uuid:delivery_id>", methods=["GET"])
@requires("support", "admin")
@blp.response(200, schemas.DeadLetterSchema)
@refuses(NotFound)
def show_dead_letter(delivery_id: UUID) -> DeadLetter:
    """Show a delivery with every attempt and its traceback, also after it was replayed or discarded."""
    with request_scope() as session:
        return dead_letters.show(session, delivery_id)


@blp.route("/admin/dead-letters/<uuid:delivery_id>/replay", methods=["POST"])
@requires("admin")
@blp.response(200, schemas.DeadLetterSchema)
@refuses(NotFound, IllegalTransition)
def replay_dead_letter(delivery_id: UUID) -> DeadLetter:
    """Have it tried again from now on, as often as at first."""
    with request_scope() as session:
        dead_letters.replay(session, delivery_id)
        return dead_letters.show(session, delivery_id)


@blp.route("/admin/dead-letters/<uuid:delivery_id>/discard", methods=["POST"])
@requires("admin")
@blp.arguments(schemas.DiscardRequest)
@blp.response(200, schemas.DeadLetterSchema)
@refuses(NotFound, IllegalTransition)
def discard_dead_letter(body: dict[str, str], delivery_id: UUID) -> DeadLetter:
    """Give it up for good, and keep why and by whom."""
    with request_scope() as session:
        dead_letters.discard(session, delivery_id, reason=body["reason"], actor=current_actor().id)
        return dead_letters.show(session, delivery_id)


@blp.route("/sandbox/clock", methods=["GET"])
@public("demo and test only: 404 in production")
@blp.response(200, schemas.ClockSchema)
@refuses(NotFound)
def show_clock() -> dict[str, datetime]:
    """Show business time (demo and test only)."""
    _only_outside_production()
    with request_scope() as session:
        return {"now": clock.business_now(session)}


@blp.route("/sandbox/clock", methods=["POST"])
@public("demo and test only: 404 in production")
@blp.arguments(schemas.AdvanceRequest)
@blp.response(200, schemas.ClockSchema)
@refuses(NotFound)
def advance_clock(body: dict[str, int]) -> dict[str, datetime]:
    """Move business time forward, never back (demo and test only); what falls due starts at once."""
    _only_outside_production()
    with request_scope() as session:
        now = clock.advance(session, body["advance_seconds"])
        outbox.record(session, ClockMoved())
        return {"now": now}


def _told(report: health.Report) -> tuple[health.Report, int]:
    return report, 503 if report.status == HealthStatus.UNHEALTHY else 200


def _only_outside_production() -> None:
    if settings().is_production:
        raise NotFound
