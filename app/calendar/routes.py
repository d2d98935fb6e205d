"""The doors of calendars: connect a Google account, come back from its page, complete, look, disconnect."""

from __future__ import annotations

from typing import Any

from flask import redirect
from werkzeug.wrappers import Response as BaseResponse

from app.calendar import errors, handlers, rules, schemas, service
from app.calendar.service import CalendarView
from app.identity.guards import requires
from app.web.access import public
from app.web.actor import current_actor
from app.web.blueprint import room_blueprint
from app.web.pages import page
from app.web.promises import LOCATION, TEXT, refuses
from app.web.transaction import request_scope

blp = room_blueprint("calendar", "A mentor's Google calendar, where sessions and their Meet links stand.")


@blp.route("/calendar/google/connect", methods=["POST"])
@requires("mentor")
@blp.arguments(schemas.ConnectRequest)
@blp.response(200, schemas.ConnectAnswer)
@refuses(errors.CalendarAlreadyConnected, errors.ReturnAddressRefused)
def connect(body: dict[str, Any]) -> dict[str, str]:
    """Begin to connect: open the address in the browser within ten minutes, then complete."""
    with request_scope() as session:
        return {"authorization_url": service.begin_consent(session, current_actor().id, body["return_to"])}


@blp.route("/calendar/google/callback", methods=["GET"])
@public("Google sends the browser here; nothing is connected before its user completes")
@blp.arguments(schemas.CallbackQuery, location="query")
@blp.alt_response(
    303, description="The browser is sent to return_to, with code and state or error in the query", headers=LOCATION
)
@blp.response(200, TEXT, content_type="text/html", description="A small page, without a return_to")
@refuses(errors.BadState)
def callback(query: dict[str, str | None]) -> BaseResponse:
    """Send the browser on to the front end, which completes with state and code."""
    with request_scope() as session:
        return_to = service.find_return(session, str(query["state"]))
    if return_to is not None:
        brought = {name: value for name, value in query.items() if value is not None}
        return redirect(rules.with_query(return_to, **brought), 303)
    # Neither code nor state is shown: whoever was lured here has nothing to hand on.
    told = "The calendar is not connected yet." if query["code"] else "Nothing was connected."
    return page("Google calendar", "Back from Google", f"{told} You may close this page.")


@blp.route("/calendar/google/complete", methods=["POST"])
@requires("mentor")
@blp.arguments(schemas.CompleteRequest)
@blp.response(200, schemas.CalendarSchema)
@refuses(
    errors.BadState,
    errors.BadCode,
    errors.AccessNotGranted,
    errors.CalendarAlreadyConnected,
    errors.GoogleAccountInUse,
    errors.GoogleAway,
)
def complete(body: dict[str, str]) -> CalendarView:
    """Finish what the same user began; the state serves once."""
    return handlers.finish_connecting(current_actor().id, body["state"], body["code"])


@blp.route("/calendar", methods=["GET"])
@requires("mentor")
@blp.response(200, schemas.CalendarSchema)
def show_calendar() -> CalendarView:
    """Show whether the caller's calendar is connected."""
    with request_scope() as session:
        return service.show_calendar(session, current_actor().id)


@blp.route("/calendar/google", methods=["DELETE"])
@requires("mentor")
@blp.response(200, schemas.CalendarSchema)
def disconnect() -> CalendarView:
    """Disconnect; sessions that stand in the calendar stay there. Doing it again changes nothing."""
    handlers.stop_connecting(current_actor().id)
    with request_scope() as session:
        return service.show_calendar(session, current_actor().id)
