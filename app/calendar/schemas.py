"""Shapes of calendars (API §7)."""

from __future__ import annotations

import marshmallow as ma

from app.calendar.states import NOT_CONNECTED, ConnectionState
from app.web.schemas import Input, Query, like

STATE, CODE = "Yk3q9tW0r5nB7uXc1vZ8sD2fG4hJ6kL_mN-pQ3rT5vY", "4/0AanRRrt1x7"


class ConnectRequest(Input):
    """Where the browser goes when Google is done; without it a small page is shown."""

    return_to = ma.fields.String(
        load_default=None,
        allow_none=True,
        validate=ma.validate.Length(1, 2000),
        metadata=like("https://app.amana.example/calendar", "below an address of the front end"),
    )


class ConnectAnswer(ma.Schema):
    """The address of Google's consent page, for the browser of whoever connects."""

    authorization_url = ma.fields.String(
        required=True, metadata=like("https://accounts.google.com/o/oauth2/v2/auth?client_id=…")
    )


class CallbackQuery(Query):
    """What Google's page sends along; more than this may be there."""

    state = ma.fields.String(required=True, validate=ma.validate.Length(max=200), metadata=like(STATE))
    code = ma.fields.String(load_default=None, validate=ma.validate.Length(1, 2000), metadata=like(CODE))
    error = ma.fields.String(
        load_default=None, validate=ma.validate.Regexp(r"[a-z_]{1,60}\Z"), metadata=like("access_denied")
    )


class CompleteRequest(Input):
    """What came back from Google's page, brought by whoever began."""

    state = ma.fields.String(required=True, validate=ma.validate.Length(1, 200), metadata=like(STATE))
    code = ma.fields.String(required=True, validate=ma.validate.Length(1, 2000), metadata=like(CODE))


class CalendarSchema(ma.Schema):
    """Whether a calendar is connected, and the address of its Google account."""

    status = ma.fields.String(required=True, validate=ma.validate.OneOf([*ConnectionState, NOT_CONNECTED]))
    email = ma.fields.String(required=True, allow_none=True, metadata=like("mounir@gmail.example"))
