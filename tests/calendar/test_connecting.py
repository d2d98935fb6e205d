"""Connecting a Google account: by the user who began, once, to one user, and back to the front end alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from app.infra import crypto
from app.infra.config import settings
from tests.factories.identity import token_for

CALLBACK = "/api/v1/calendar/google/callback"
CODE = "/api/v1/calendar/google/complete"


def calendar_of(town, user):
    return town.get(user, "/calendar")


def refused(answer, status, code):
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text


def address():
    return f"{uuid4().hex}@gmail.test"


def test_a_calendar_is_connected_seen_and_disconnected(town):
    mentor, account = town.mentor(), address()
    assert calendar_of(town, mentor) == {"status": "not_connected", "email": None}
    connected = town.complete(mentor, **town.consent(mentor, email=account))
    assert connected.json == calendar_of(town, mentor) == {"status": "connected", "email": account}
    assert town.disconnect(mentor).json == calendar_of(town, mentor) == {"status": "not_connected", "email": None}


def test_disconnecting_revokes_at_google_and_may_be_repeated(town):
    mentor = town.connected_mentor()
    assert mentor.email in {consent.email for consent in town.sandbox.world.grants.connected()}
    assert town.disconnect(mentor).status_code == 200
    assert mentor.email not in {consent.email for consent in town.sandbox.world.grants.connected()}
    assert town.disconnect(mentor).json["status"] == "not_connected"


def test_disconnecting_succeeds_while_google_fails(town):
    mentor = town.connected_mentor()
    town.fault("google_5xx", on="revoke")
    assert town.disconnect(mentor).json["status"] == "not_connected"
    assert town.complete(mentor, **town.consent(mentor)).status_code == 200


def test_google_is_asked_for_the_least_that_does_it(town):
    query = parse_qs(urlsplit(town.begin(town.mentor())).query)
    assert query["scope"] == [
        "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/calendar.events.owned"
    ]
    assert query["code_challenge_method"] == ["S256"]
    assert query["access_type"] == ["offline"]
    assert query["redirect_uri"] == [f"{settings().public_url}{CALLBACK}"]


def test_a_mentor_who_has_left_the_calendar_unticked_is_told_so(town):
    mentor = town.mentor()
    url = town.begin(mentor)
    path, _, query = url.partition("?")
    form = {"page": "1", "email": mentor.email}  # the page with nothing ticked
    clicked = town.http.post(f"{path}/allow?{query}", data=form)
    sent = parse_qs(urlsplit(clicked.headers["Location"]).query)
    answer = town.complete(mentor, state=sent["state"][0], code=sent["code"][0])
    refused(answer, 409, "calendar_access_not_granted")
    assert calendar_of(town, mentor)["status"] == "not_connected"


# --- whose state it is -----------------------------------------------------------------------------------------------


def test_a_state_serves_its_own_user_alone_and_is_not_spoilt_by_others(town):
    mentor, stranger = town.mentor(), town.mentor()
    came = town.consent(mentor)
    refused(town.complete(stranger, **came), 400, "bad_state")
    assert calendar_of(town, stranger)["status"] == "not_connected"
    assert town.complete(mentor, **came).status_code == 200


def test_a_state_serves_once(town):
    mentor = town.mentor()
    came = town.consent(mentor)
    assert town.complete(mentor, **came).status_code == 200
    town.disconnect(mentor)
    refused(town.complete(mentor, **came), 400, "bad_state")


def test_a_state_is_good_for_ten_minutes(town):
    mentor = town.mentor()
    came = town.consent(mentor)
    late = {"late": timedelta(minutes=10, seconds=1), "user": mentor.id}
    town.execute("UPDATE calendar_consent SET expires_at = expires_at - :late WHERE user_id = :user", **late)
    refused(town.complete(mentor, **came), 400, "bad_state")


def test_a_code_that_google_does_not_know_is_refused_and_uses_the_state_up(town):
    mentor = town.mentor()
    came = town.consent(mentor)
    refused(town.complete(mentor, state=came["state"], code="4/0forged"), 400, "bad_code")
    refused(town.complete(mentor, **came), 400, "bad_state")


def test_a_code_is_worthless_without_the_verifier_that_stayed_here(town):
    mentor = town.mentor()
    first, second = town.consent(mentor), town.consent(mentor)
    refused(town.complete(mentor, state=first["state"], code=second["code"]), 400, "bad_code")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"state": "x"},
        {"code": "x"},
        {"state": "", "code": "x"},
        {"state": "x", "code": ""},
        {"state": "x" * 201, "code": "x"},
        {"state": ["x"], "code": "x"},
        {"state": "x", "code": "x" * 2001},
        {"state": "x", "code": "x", "user_id": str(uuid4())},
    ],
)
def test_a_body_that_is_none_is_refused(town, body):
    answer = town.post(town.mentor(), "/calendar/google/complete", body)
    assert answer.status_code == 422
    assert answer.json["errors"]


# --- one account, one user -------------------------------------------------------------------------------------------


def test_a_google_account_belongs_to_one_user(town):
    mentor, rival = town.connected_mentor(), town.mentor()
    refused(town.complete(rival, **town.consent(rival, email=mentor.email)), 409, "google_account_in_use")
    assert calendar_of(town, rival)["status"] == "not_connected"
    assert calendar_of(town, mentor)["status"] == "connected"
    assert mentor.email in {consent.email for consent in town.sandbox.world.grants.connected()}


def test_a_second_calendar_is_refused_before_and_after_the_way_to_google(town):
    mentor = town.mentor()
    began_early = town.consent(mentor, email=address())
    assert town.complete(mentor, **town.consent(mentor)).status_code == 200
    refused(town.complete(mentor, **began_early), 409, "calendar_already_connected")
    refused(town.post(mentor, "/calendar/google/connect", {}), 409, "calendar_already_connected")
    assert calendar_of(town, mentor)["email"] == mentor.email


def completed_at_once(flask_app, attempts):
    """Complete from threads that begin together; the answers, by status."""

    def complete(attempt):
        user, came = attempt
        answer = flask_app.test_client().post(CODE, json=came, headers=token_for(user))
        return answer.status_code, answer.json.get("code")

    with ThreadPoolExecutor(len(attempts)) as threads:
        return sorted(threads.map(complete, attempts))


def test_of_two_users_who_connect_one_account_at_once_one_gets_it(town, flask_app):
    account = address()
    users = [town.mentor() for _ in range(4)]
    attempts = [(user, town.consent(user, email=account)) for user in users]
    answers = completed_at_once(flask_app, attempts)
    assert answers == [(200, None)] + [(409, "google_account_in_use")] * 3
    assert sum(calendar_of(town, user)["status"] == "connected" for user in users) == 1


def test_of_two_accounts_that_one_user_connects_at_once_one_is_connected(town, flask_app):
    mentor = town.mentor()
    attempts = [(mentor, town.consent(mentor, email=address())) for _ in range(4)]
    answers = completed_at_once(flask_app, attempts)
    assert answers == [(200, None)] + [(409, "calendar_already_connected")] * 3


def test_one_state_that_is_brought_twice_at_once_serves_once(town, flask_app):
    mentor = town.mentor()
    came = town.consent(mentor)
    (first, second) = completed_at_once(flask_app, [(mentor, came), (mentor, came)])
    assert first == (200, None)
    assert second in {(400, "bad_state"), (409, "calendar_already_connected")}


# --- when Google fails -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "on"),
    [("google_5xx", "token"), ("google_429", "token"), ("google_5xx", "userinfo"), ("google_huge", "userinfo")],
)
def test_a_google_that_fails_is_told_as_such_and_connects_nothing(town, kind, on):
    mentor = town.mentor()
    came = town.consent(mentor)
    town.fault(kind, on=on)
    refused(town.complete(mentor, **came), 503, "google_unavailable")
    assert calendar_of(town, mentor)["status"] == "not_connected"
    assert town.complete(mentor, **town.consent(mentor)).status_code == 200


def test_a_client_that_google_does_not_know_is_our_affair_and_the_operators_are_told_once(town):
    for _ in range(2):
        mentor = town.mentor()
        came = town.consent(mentor)
        town.fault("google_invalid_client", on="token")
        refused(town.complete(mentor, **came), 503, "google_unavailable")
    (alarm,) = town.alarms()
    assert (alarm["type"], alarm["severity"], alarm["count"]) == ("integration_failure", "critical", 2)


# --- who may, and how tokens lie -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/calendar/google/connect"),
        ("POST", "/calendar/google/complete"),
        ("GET", "/calendar"),
        ("DELETE", "/calendar/google"),
    ],
)
def test_calendars_are_for_mentors(town, method, path):
    assert town.client.open(f"/api/v1{path}", method=method).status_code == 401
    learner = town.book(town.mentor()).learner
    answer = town.client.open(f"/api/v1{path}", method=method, headers=token_for(learner), json={})
    assert answer.status_code == 403


def test_neither_tokens_nor_states_lie_readable_in_the_database(town):
    mentor, other = town.connected_mentor(), town.mentor()
    came = town.consent(other)
    (refresh,) = [token for token, grant in town.sandbox.world.grants._refresh.items() if grant.email == mentor.email]
    tables = (
        "SELECT string_agg(t::text, '') FROM calendar_connection AS t",
        "SELECT string_agg(t::text, '') FROM calendar_consent AS t",
    )
    stored = "".join(town.scalar(table) for table in tables)
    for secret in (refresh, "1//0", "ya29.", came["state"]):
        assert secret not in stored
        assert secret.encode().hex() not in stored
    sealed = bytes(town.scalar("SELECT refresh_token FROM calendar_connection WHERE user_id = :id", id=mentor.id))
    assert crypto.decrypt("google refresh token", sealed, bound_to=str(mentor.id)) == refresh
    with pytest.raises(crypto.Undecipherable):
        crypto.decrypt("google refresh token", sealed, bound_to=str(other.id))
