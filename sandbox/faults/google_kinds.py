"""The kinds of faults of Google."""

from __future__ import annotations

from sandbox.faults.kinds import Kind

OAUTH_CALLS = ("token", "refresh", "revoke", "userinfo", "oauth")
CALENDAR_CALLS = ("insert", "get", "patch", "delete", "list", "freebusy", "calendars", "calendar")
CALLS = (*CALENDAR_CALLS, *OAUTH_CALLS, "any")
"""Calls of Google; `oauth` and `calendar` stand for all of theirs."""

REASONS = (
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "quotaExceeded",
    "dailyLimitExceeded",
    "forbiddenForNonOrganizer",
    "insufficientPermissions",
    "accessNotConfigured",
    "forbidden",
)


def _google(name: str, about: str, calls: tuple[str, ...] = (), **defaults: object) -> Kind:
    return Kind(name, about, {**defaults, "email": None}, calls)


KINDS = (
    _google(
        "google_401",
        "The access token is refused, on every call of the calendar and of userinfo.",
        (*CALENDAR_CALLS, "userinfo", "any"),
        on="calendar",
    ),
    _google(
        "google_403",
        "Refused for a reason; nothing was done.",
        (*CALENDAR_CALLS, "userinfo", "any"),
        reason="rateLimitExceeded",
        on="calendar",
    ),
    _google(
        "google_429",
        "Answers 429, to be tried again in so many seconds; nothing was done.",
        CALLS,
        seconds=1,
        on="calendar",
    ),
    _google(
        "google_5xx",
        "Answers with a status of 500 to 599; nothing was done.",
        CALLS,
        status=503,
        on="calendar",
    ),
    _google(
        "google_redirect",
        "Answers 302 to another location; nothing was done.",
        CALLS,
        location="http://127.0.0.1:9/",
        on="calendar",
    ),
    _google("google_delay", "The answer comes some seconds late.", CALLS, seconds=5, on="any"),
    _google("google_drip", "The answer comes byte by byte, some seconds apart.", CALLS, seconds=1, on="any"),
    _google(
        "google_huge",
        "The work is done, the answer is many megabytes of JSON.",
        CALLS,
        megabytes=32,
        on="any",
    ),
    _google(
        "google_timeout_after_success",
        "The work is done, the answer never comes: the connection is held for some seconds, then closed.",
        CALLS,
        seconds=30,
        on="insert",
    ),
    _google(
        "google_invalid_grant",
        "The person has withdrawn what they allowed: invalid_grant, and all tokens of the account are dead.",
        ("token", "refresh", "any"),
        on="refresh",
    ),
    _google(
        "google_invalid_client",
        "The token endpoint does not know the client any more.",
        ("token", "refresh", "any"),
        on="any",
    ),
    _google(
        "google_pending",
        "A Meet link that is asked for stays pending for so many looks at the event.",
        polls=1,
        summary=None,
    ),
    _google(
        "google_conference_failure",
        "A Meet link that is asked for is never made: its request fails.",
        summary=None,
    ),
)
