"""Google as we speak it, against peers that answer what Google never should: every answer is a failure with a name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from werkzeug.wrappers import Request, Response

from app.gateways.google import errors, oauth
from app.gateways.google.calendar import OWNER_PROPERTY, Calendar, Event
from app.gateways.google.transport import Transport
from app.infra import config
from app.kernel.errors import UnknownOutcome
from tests.sandbox.peers import Peer

OURS = UUID("01a1fad9-b877-736a-ae80-1fb411559006")
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
EVENT = Event("01abc0", OURS, "Query plans", "", NOW, NOW + timedelta(hours=1))
LINK = "https://meet.google.com/abc-defg-hij"
STANDING: dict[str, Any] = {
    "id": EVENT.event_id, "status": "confirmed", "hangoutLink": LINK,
    "extendedProperties": {"private": {OWNER_PROPERTY: str(OURS)}},
}  # fmt: skip
TAKEN = Response(json.dumps({"error": {"code": 409, "errors": [{"reason": "duplicate"}]}}), 409)

Google = Callable[..., Calendar]


@contextmanager
def google(monkeypatch: pytest.MonkeyPatch, *answers: Response | tuple[int, object]) -> Iterator[list[str]]:
    """Be a Google that gives these answers one after the other, the last one again and again; what it was asked."""
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(f"{request.method} {request.path}")
        found = answers[min(len(asked), len(answers)) - 1]
        return found if isinstance(found, Response) else Response(_written(found[1]), found[0])

    with Peer(answer) as peer:
        for variable in ("CALENDAR", "TOKEN", "USERINFO", "REVOKE"):
            monkeypatch.setenv(f"GOOGLE_{variable}_URL", peer.url)
        config.settings.cache_clear()
        yield asked


def _written(told: object) -> str | bytes:
    return told if isinstance(told, (str, bytes)) else json.dumps(told)


def calendar() -> Calendar:
    return Calendar(Transport("ya29.token"))


# --- an event ----------------------------------------------------------------------------------------------------


def test_an_event_with_its_link_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with google(monkeypatch, (200, STANDING)) as asked:
        assert calendar().insert(EVENT).link == LINK
    assert asked == ["POST /calendars/primary/events"]


@pytest.mark.parametrize("gone", [404, 410])
def test_an_id_that_is_taken_by_an_event_that_cannot_be_read_is_that_of_a_deleted_one(
    monkeypatch: pytest.MonkeyPatch, gone: int
) -> None:
    with google(monkeypatch, TAKEN, (gone, {})):
        assert calendar().insert(EVENT).is_deleted


@pytest.mark.parametrize("gone", [404, 410])
def test_an_event_that_is_deleted_while_its_link_is_asked_for_anew_is_a_deleted_one(
    monkeypatch: pytest.MonkeyPatch, gone: int
) -> None:
    request = {"requestId": f"{EVENT.event_id}-1", "status": {"statusCode": "failure"}}
    failed = {**STANDING, "hangoutLink": None, "conferenceData": {"createRequest": request}}
    with google(monkeypatch, (200, failed), (gone, {})):
        assert calendar().insert(EVENT).is_deleted


def test_a_calendar_that_is_not_there_is_refused_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    with google(monkeypatch, (404, {})) as asked, pytest.raises(errors.GoogleRefused):
        calendar().insert(EVENT)
    assert len(asked) == 1


UNREADABLE: list[object] = [
    "", "no json", b"\xff\xfe", "[]", "null", '"text"', "{}", "[" * 100_000,
    {**STANDING, "id": "another"},
    {**STANDING, "extendedProperties": "x"},
    {**STANDING, "hangoutLink": None, "conferenceData": "x"},
    {**STANDING, "hangoutLink": None, "conferenceData": {"entryPoints": [7]}},
    {**STANDING, "hangoutLink": None, "conferenceData": {"createRequest": {"status": [7]}}},
]  # fmt: skip


@pytest.mark.parametrize("told", UNREADABLE, ids=lambda told: str(told)[:40])
def test_an_answer_that_cannot_be_read_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, told: object) -> None:
    with google(monkeypatch, (200, told)), pytest.raises(errors.GoogleUnavailable):
        calendar().insert(EVENT)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "", 7, "https://" + "x" * 2_000, "https://meet.test/\r\nX: y"])
def test_what_is_no_link_is_not_shown_to_anybody(monkeypatch: pytest.MonkeyPatch, link: object) -> None:
    with google(monkeypatch, (200, {**STANDING, "hangoutLink": link})), pytest.raises(errors.MeetPending):
        calendar().insert(EVENT)


@pytest.mark.parametrize(
    ("status", "told", "failure"),
    [
        (302, {}, errors.GoogleRefused),
        (400, "no json", errors.GoogleRefused),
        (401, {}, errors.TokenRefused),
        (403, {"error": {"errors": [{"reason": "rateLimitExceeded"}]}}, errors.GoogleLimited),
        (403, {"error": {"errors": [{"reason": "dailyLimitExceeded"}]}}, errors.QuotaUsedUp),
        (403, {"error": {"errors": [{"reason": 7}]}}, errors.GoogleRefused),
        (403, {"error": {"errors": []}}, errors.GoogleRefused),
        (403, {"error": "x"}, errors.GoogleRefused),
        (403, [], errors.GoogleUnavailable),
        (
            403,
            {
                "error": {
                    "code": 403,
                    "message": "x",
                    "errors": [{"reason": "rateLimitExceeded"}],
                    "details": [{"reason": "RATE_LIMIT_EXCEEDED"}],
                }
            },
            errors.GoogleLimited,
        ),
        (403, b"\xff", errors.GoogleRefused),
        (408, {}, errors.GoogleUnavailable),
        (412, {}, errors.GoogleUnavailable),
        (429, {}, errors.GoogleLimited),
        (500, "", errors.GoogleUnavailable),
        (599, "<html>", errors.GoogleUnavailable),
    ],
)
def test_every_status_has_a_failure_of_its_own(
    monkeypatch: pytest.MonkeyPatch, status: int, told: object, failure: type[Exception]
) -> None:
    with google(monkeypatch, (status, told)) as asked, pytest.raises(failure) as raised:
        calendar().insert(EVENT)
    assert type(raised.value) is failure
    assert len(asked) == 1, "the delivery is tried again, not the call"


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    with google(monkeypatch, (200, "x" * (1024 * 1024 + 1))), pytest.raises(UnknownOutcome):
        calendar().insert(EVENT)


# --- tokens ------------------------------------------------------------------------------------------------------

GIVEN: dict[str, Any] = {"access_token": "ya29.a", "refresh_token": "1//0r", "expires_in": 3_600, "scope": "openid"}


@pytest.mark.parametrize("lifetime", [10**30, 10**12, -5, "3600", None, 1.5, True])
def test_a_lifetime_is_believed_within_reason(monkeypatch: pytest.MonkeyPatch, lifetime: object) -> None:
    with google(monkeypatch, (200, {**GIVEN, "expires_in": lifetime})):
        found = oauth.renew("1//0r").lifetime
    assert 0 <= found <= 86_400
    assert NOW + timedelta(seconds=found)


@pytest.mark.parametrize(
    "told",
    [
        *("", "no json", "[]", "7", b"\xff", "[" * 100_000),
        *({**GIVEN, "access_token": bad} for bad in (None, "", 7, [], "a\r\nb", "a\x00", "a\ud800", "é", "x" * 10_000)),
        *({**GIVEN, "refresh_token": bad} for bad in (7, {}, "a\x00", "a\ud800", "x" * 10_000)),
    ],
    ids=lambda told: str(told)[:60].encode("ascii", "replace").decode(),
)
def test_what_is_no_token_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, told: object) -> None:
    with google(monkeypatch, (200, told)), pytest.raises((errors.GoogleRefused, errors.GoogleUnavailable)):
        oauth.renew("1//0r")


@pytest.mark.parametrize(
    "told",
    [
        "", "[]", {}, {"sub": "1"}, {"email": "a@b.test"}, {"sub": "", "email": "a@b.test"},
        {"sub": 7, "email": "a@b.test"}, {"sub": "1" * 256, "email": "a@b.test"},
        {"sub": "1\x00", "email": "a@b.test"}, {"sub": "1", "email": "a\x00@b.test"},
        {"sub": "1", "email": "a\ud800@b.test"}, {"sub": "1", "email": "x" * 255},
    ],
    ids=lambda told: str(told)[:60].encode("ascii", "replace").decode(),
)  # fmt: skip
def test_who_it_is_must_be_something_that_can_be_kept(monkeypatch: pytest.MonkeyPatch, told: object) -> None:
    with google(monkeypatch, (200, told)), pytest.raises((errors.GoogleRefused, errors.GoogleUnavailable)):
        oauth.account("ya29.a")


@pytest.mark.parametrize(
    ("status", "told", "failure"),
    [
        (400, {"error": "invalid_grant"}, errors.GrantLost),
        (401, {"error": "invalid_client"}, errors.ClientRefused),
        (400, {"error": "unauthorized_client"}, errors.ClientRefused),
        (400, {"error": 7}, errors.GoogleRefused),
        (400, [], errors.GoogleRefused),
        (302, "", errors.GoogleRefused),
        (429, {"error": "invalid_grant"}, errors.GoogleLimited),
        (502, {"error": "invalid_grant"}, errors.GoogleUnavailable),
        (400, {"error": "internal_failure"}, errors.GoogleUnavailable),
    ],
)
def test_only_invalid_grant_costs_a_mentor_the_grant(
    monkeypatch: pytest.MonkeyPatch, status: int, told: object, failure: type[Exception]
) -> None:
    with google(monkeypatch, (status, told)), pytest.raises(failure) as raised:
        oauth.renew("1//0r")
    assert type(raised.value) is failure
