"""How connecting a calendar is refused, and how using one fails."""

from __future__ import annotations

from http import HTTPStatus

from app.kernel.errors import InvalidInput, PermanentFailure, Refusal, TransientFailure


class CalendarAlreadyConnected(Refusal):
    """A calendar is connected already: disconnect it first with DELETE /calendar/google.

    One user has one calendar. GET /api/v1/calendar shows which account it is.
    """

    code = "calendar_already_connected"


class GoogleAccountInUse(Refusal):
    """This Google account is connected by another user: choose another one.

    A Google account belongs to one user here. Sign in with another one on Google's page, or disconnect it there
    first.
    """

    code = "google_account_in_use"


class BadState(Refusal):
    """This consent was not begun by you, was finished, or took too long: begin again with POST …/connect.

    A consent lives ten minutes, serves once, and only the user who began it can complete it.
    """

    status = HTTPStatus.BAD_REQUEST
    code = "bad_state"


class BadCode(Refusal):
    """Google does not take this code: begin again with POST …/connect.

    A code of Google serves once, and only shortly. POST /api/v1/calendar/google/connect gives a new address to
    open.
    """

    status = HTTPStatus.BAD_REQUEST
    code = "bad_code"


class AccessNotGranted(Refusal):
    """Google was not allowed to let us write events: begin again, and leave the calendar ticked.

    On Google's page the box beside the calendar must stay ticked. POST /api/v1/calendar/google/connect begins
    again.
    """

    code = "calendar_access_not_granted"


class GoogleAway(Refusal):
    """Google cannot be asked at the moment: begin again in a while with POST …/connect.

    Nothing was connected. If it stays so, tell us: it may be our registration with Google.
    """

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "google_unavailable"


class ReturnAddressRefused(InvalidInput):
    """Browsers are sent back to the front end's own addresses only.

    The sentence says which addresses are allowed; RETURN_URLS sets them. A path and a query below them may follow.
    """

    code = "return_to_not_allowed"


class CalendarNotConnected(PermanentFailure):
    """There is no calendar to write to: never connected, disconnected, or its grant is lost."""


class RenewalUnderWay(TransientFailure):
    """Somebody else is renewing this user's access token."""
