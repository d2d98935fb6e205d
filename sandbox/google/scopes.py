"""OAuth scopes: their names, what the consent page says of them, and which of them opens which call.

The scopes of each call are those of Google's discovery document of Calendar v3.
"""

from __future__ import annotations

from collections.abc import Iterable

_AUTH = "https://www.googleapis.com/auth/"
CALENDAR = f"{_AUTH}calendar"

OPENID, EMAIL, PROFILE = "openid", f"{_AUTH}userinfo.email", f"{_AUTH}userinfo.profile"
SIGN_IN = frozenset({OPENID, EMAIL, PROFILE})
"""Scopes of signing in: they cannot be unticked."""

ALIASES = {"email": EMAIL, "profile": PROFILE}

WORDS = {
    OPENID: "Know you by your Google account",
    EMAIL: "See your primary e-mail address",
    PROFILE: "See your name",
    CALENDAR: "See, change, share and delete all your calendars",
    f"{CALENDAR}.readonly": "See all your calendars",
    f"{CALENDAR}.app.created": "Make secondary calendars, and see and change their events",
    f"{CALENDAR}.calendarlist": "See, add and remove calendars you are subscribed to",
    f"{CALENDAR}.calendarlist.readonly": "See the list of your calendars",
    f"{CALENDAR}.calendars": "See and change the properties of your calendars",
    f"{CALENDAR}.calendars.readonly": "See title, description and time zone of your calendars",
    f"{CALENDAR}.events": "See and change events of all your calendars",
    f"{CALENDAR}.events.readonly": "See events of all your calendars",
    f"{CALENDAR}.events.owned": "See, make, change and delete events of the calendars you own",
    f"{CALENDAR}.events.owned.readonly": "See events of the calendars you own",
    f"{CALENDAR}.events.public.readonly": "See events of public calendars",
    f"{CALENDAR}.events.freebusy": "See when you are busy, by the events of your calendars",
    f"{CALENDAR}.freebusy": "See when you are busy",
}
"""Every scope that can be asked for, in the words of the consent page."""


def _calendar(*names: str) -> frozenset[str]:
    return frozenset(f"{CALENDAR}.{name}" if name else CALENDAR for name in names)


WRITE_EVENTS = _calendar("", "app.created", "events", "events.owned")
READ_EVENTS = WRITE_EVENTS | _calendar(
    "events.freebusy", "events.owned.readonly", "events.public.readonly", "events.readonly", "readonly"
)
LIST_CALENDARS = _calendar("", "calendarlist", "calendarlist.readonly", "readonly")
READ_CALENDAR = _calendar("", "app.created", "calendars", "calendars.readonly", "readonly")
QUERY_FREE_BUSY = _calendar("", "events.freebusy", "freebusy", "readonly")
KNOW_PERSON = frozenset({OPENID, EMAIL, PROFILE})


def read_scopes(text: str) -> list[str]:
    """Split the scopes of a request, in their order and by their long names, each once."""
    return list(dict.fromkeys(ALIASES.get(name, name) for name in text.split()))


def unknown(scopes: Iterable[str]) -> list[str]:
    """Tell the scopes that Google does not have."""
    return [scope for scope in scopes if scope not in WORDS]
