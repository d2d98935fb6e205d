"""The doors of the mentors room."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.identity.guards import requires
from app.kernel.money import UnsupportedCurrency
from app.kernel.zones import UnknownZone
from app.mentors import errors, schemas, service
from app.mentors.service import Availability, MentorView, OfferingView
from app.web.access import public
from app.web.actor import current_actor
from app.web.blueprint import room_blueprint
from app.web.cursors import decode, page
from app.web.promises import refuses
from app.web.schemas import PageQuery
from app.web.transaction import request_scope

blp = room_blueprint("mentors", "Mentors, what they offer, and when they are open.")


@blp.route("/mentors", methods=["POST"])
@requires()
@blp.arguments(schemas.BecomeMentor)
@blp.response(201, schemas.MentorShape)
@refuses(errors.AlreadyMentor, errors.SkillsRefused)
def become_mentor(profile: dict[str, Any]) -> MentorView:
    """Become a mentor. The mentor's id is the user's; hours and offerings come next."""
    with request_scope() as session:
        return service.become_mentor(session, current_actor().id, **profile)


@blp.route("/mentors", methods=["GET"])
@public("learners look around before they register")
@blp.arguments(schemas.MentorQuery, location="query")
@blp.response(200, schemas.MentorPage)
def list_mentors(query: dict[str, Any]) -> dict[str, Any]:
    """List mentors, newest users first."""
    asked = f"mentors {query['q']!r} {query['skill']!r}"
    with request_scope() as session:
        found = service.list_mentors(
            session, q=query["q"], skill=query["skill"], after=_after(asked, query), limit=query["limit"] + 1
        )
    return page(asked, found, query["limit"], lambda mentor: [str(mentor.id)])


@blp.route("/mentors/<uuid:mentor_id>", methods=["GET"])
@public("learners look around before they register")
@blp.response(200, schemas.MentorShape)
@refuses(errors.MentorNotFound)
def get_mentor(mentor_id: UUID) -> MentorView:
    """Show one mentor."""
    with request_scope() as session:
        return service.get_mentor(session, mentor_id)


@blp.route("/mentors/me", methods=["PATCH"])
@requires("mentor")
@blp.arguments(schemas.ChangeMentor)
@blp.response(200, schemas.MentorShape)
@refuses(errors.SettingsRefused, errors.SkillsRefused, errors.MentorNotFound)
def change_mentor(changes: dict[str, Any]) -> MentorView:
    """Change what is said of you and how you take bookings."""
    with request_scope() as session:
        return service.change_mentor(session, current_actor().id, changes)


@blp.route("/mentors/me/offerings", methods=["POST"])
@requires("mentor")
@blp.arguments(schemas.NewOffering)
@blp.response(201, schemas.OfferingShape)
@refuses(UnsupportedCurrency, errors.MentorNotFound)
def create_offering(offering: dict[str, Any]) -> OfferingView:
    """Offer a kind of session."""
    with request_scope() as session:
        return service.create_offering(session, current_actor().id, **offering)


@blp.route("/mentors/me/offerings/<uuid:offering_id>", methods=["PATCH"])
@requires("mentor", whose="an offering of the caller")
@blp.arguments(schemas.ChangeOffering)
@blp.response(200, schemas.OfferingShape)
@refuses(errors.OfferingNotFound, errors.OfferingRetired, UnsupportedCurrency, errors.MentorNotFound)
def change_offering(changes: dict[str, Any], offering_id: UUID) -> OfferingView:
    """Change an offering; bookings made before keep its length and price."""
    with request_scope() as session:
        return service.change_offering(session, current_actor().id, offering_id, changes)


@blp.route("/mentors/me/offerings/<uuid:offering_id>", methods=["DELETE"])
@requires("mentor", whose="an offering of the caller")
@blp.response(204)
@refuses(errors.OfferingNotFound, errors.MentorNotFound)
def retire_offering(offering_id: UUID) -> None:
    """Offer it no longer; bookings keep it."""
    with request_scope() as session:
        service.retire_offering(session, current_actor().id, offering_id)


@blp.route("/mentors/<uuid:mentor_id>/offerings", methods=["GET"])
@public("learners look around before they register")
@blp.arguments(PageQuery, location="query")
@blp.response(200, schemas.OfferingPage)
@refuses(errors.MentorNotFound)
def list_offerings(query: dict[str, Any], mentor_id: UUID) -> dict[str, Any]:
    """List what a mentor offers now, oldest first."""
    asked = f"offerings {mentor_id}"
    with request_scope() as session:
        found = service.list_offerings(session, mentor_id, after=_after(asked, query), limit=query["limit"] + 1)
    return page(asked, found, query["limit"], lambda offering: [str(offering.id)])


@blp.route("/mentors/me/availability", methods=["GET"])
@requires("mentor")
@blp.response(200, schemas.AvailabilityShape)
@refuses(errors.MentorNotFound)
def get_availability() -> Availability:
    """Show your weekly hours."""
    with request_scope() as session:
        return service.get_availability(session, current_actor().id)


@blp.route("/mentors/me/availability", methods=["PUT"])
@requires("mentor")
@blp.arguments(schemas.AvailabilityShape)
@blp.response(200, schemas.AvailabilityShape)
@refuses(UnknownZone, errors.RulesRefused, errors.MentorNotFound)
def set_availability(hours: dict[str, Any]) -> Availability:
    """Replace your weekly hours; sessions booked before stay."""
    with request_scope() as session:
        return service.set_availability(session, current_actor().id, **hours)


def _after(asked: str, query: dict[str, Any]) -> UUID | None:
    position = decode(asked, query["cursor"])
    return UUID(position[0]) if position else None
