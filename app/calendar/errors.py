"""How connecting a calendar is refused, and how using one fails."""

from __future__ import annotations

from http import HTTPStatus

from app.kernel.errors import InvalidInput, PermanentFailure, Refusal, TransientFailure


class CalendarAlreadyConnected(Refusal):
    """A calendar is connected already: disconnect it first with DELETE /calendar/google."""

    code = "calendar_already_connected"


class GoogleAccountInUse(Refusal):
    """This Google account is connected by another user: choose another one."""

    code = "google_account_in_use"


class BadState(Refusal):
    """This consent was not begun by you, was finished, or took too long: begin again with POST …/connect."""

    status = HTTPStatus.BAD_REQUEST
    code = "bad_state"


class BadCode(Refusal):
    """Google does not take this code: begin again with POST …/connect."""

    status = HTTPStatus.BAD_REQUEST
    code = "bad_code"


class AccessNotGranted(Refusal):
    """Google was not allowed to let us write events: begin again, and leave the calendar ticked."""

    code = "calendar_access_not_granted"


class GoogleAway(Refusal):
    """Google cannot be asked at the moment: begin again in a while with POST …/connect."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "google_unavailable"


class ReturnAddressRefused(InvalidInput):
    """Browsers are sent back to the front end's own addresses only."""

    code = "return_to_not_allowed"


class CalendarNotConnected(PermanentFailure):
    """There is no calendar to write to: never connected, disconnected, or its grant is lost."""


class RenewalUnderWay(TransientFailure):
    """Somebody else is renewing this user's access token."""
