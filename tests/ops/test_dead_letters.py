"""Dead letters by API: find them, look at them, send them again, give them up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest

from app.infra.db import session_scope
from app.kernel.ids import new_id
from tests.factories.identity import make_user, token_for

URL = "/api/v1/admin/dead-letters"
MAIL_TASK = "tasks.identity.send_verification"
PAY_TASK = "tasks.payments.open_checkout"


@pytest.fixture
def letters(client, support):
    """Return a function that lists dead letters as support sees them, by filters."""
    return lambda **query: client.get(URL, query_string=query, headers=token_for(support)).json["items"]


@pytest.fixture
def show(client, support):
    """Return a function that shows one delivery as support sees it."""
    return lambda delivery_id: client.get(f"{URL}/{delivery_id}", headers=token_for(support))


@pytest.fixture
def replay(client, admin):
    """Return a function that replays a delivery as an admin."""
    return lambda delivery_id: client.post(f"{URL}/{delivery_id}/replay", headers=token_for(admin))


@pytest.fixture
def discard(client, admin):
    """Return a function that discards a delivery as an admin."""
    return lambda delivery_id, **body: client.post(f"{URL}/{delivery_id}/discard", json=body, headers=token_for(admin))


def test_a_dead_letter_is_shown_with_its_event_its_request_and_how_it_failed(kill_mail, letters, owner):
    kill_mail("the-request-that-failed")
    (letter,) = letters()
    event_id, payload = owner.execute("SELECT id, payload FROM event WHERE type = 'UserRegistered'").fetchone()
    assert (letter["task"], letter["queue"], letter["state"]) == (MAIL_TASK, "notifications", "dead")
    assert letter["ended_at"].endswith("Z")
    assert letter["discard_reason"] is None
    assert letter["event"].pop("recorded_at").endswith("Z")
    assert letter["event"] == {
        "id": str(event_id),
        "type": "UserRegistered",
        "payload": payload,
        "correlation_id": "the-request-that-failed",
    }
    (attempt,) = letter["attempts"]
    assert (attempt["n"], attempt["error"]) == (1, "PermanentFailure: the mail server refused for good: 550")
    assert attempt["started_at"] <= attempt["ended_at"]
    assert ":" in attempt["worker"]


def test_every_attempt_is_shown_with_its_traceback_in_the_list_too(kill_payment, letters, show):
    kill_payment()
    (listed,) = letters(task=PAY_TASK)
    shown = show(listed["id"]).json
    assert [attempt["n"] for attempt in shown["attempts"]] == list(range(1, 11))
    for attempt in shown["attempts"]:
        assert attempt["traceback"].startswith("Traceback (most recent call last)")
        assert "TransientFailure" in attempt["traceback"]
    assert shown == listed


def test_dead_letters_are_found_by_task_queue_event_error_and_time(kill_mail, kill_payment, letters):
    kill_mail()
    kill_payment()
    pay, mail = letters()
    now = datetime.now(tz=UTC)
    for query, found in (
        ({"task": MAIL_TASK}, [mail]),
        ({"queue": "payments"}, [pay]),
        ({"event_type": "UserRegistered"}, [mail]),
        ({"error": "TransientFailure"}, [pay]),
        ({"task": MAIL_TASK, "queue": "payments"}, []),
        ({"task": "tasks.nobody.knows"}, []),
        ({"died_after": (now - timedelta(hours=1)).isoformat()}, [pay, mail]),
        ({"died_after": pay["ended_at"]}, [pay]),
        ({"died_after": (now + timedelta(hours=1)).isoformat()}, []),
    ):
        assert letters(**query) == found, query


def test_pages_follow_the_latest_first_and_a_cursor_belongs_to_its_filters(kill_mail, client, support, letters):
    for _ in range(3):
        kill_mail()
    seen, cursor = [], None
    while not seen or cursor:
        query = {"limit": 2, "task": MAIL_TASK} | ({"cursor": cursor} if cursor else {})
        page = client.get(URL, query_string=query, headers=token_for(support)).json
        assert len(page["items"]) <= 2
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor:
            query = {"limit": 2, "cursor": cursor}
            answer = client.get(URL, query_string=query, headers=token_for(support))
            assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/cursor")
    assert seen == letters()
    assert [letter["id"] for letter in seen] == sorted((letter["id"] for letter in seen), reverse=True)


def test_a_replayed_letter_is_tried_again_with_a_fresh_budget_and_its_history_stays(
    kill_payment, letters, show, replay, drain, owner
):
    kill_payment()
    (letter,) = letters()
    answer = replay(letter["id"])
    assert (answer.status_code, answer.json["state"]) == (HTTPStatus.OK, "pending")
    assert (len(answer.json["attempts"]), answer.json["ended_at"]) == (10, None)
    assert letters() == []
    drain()
    (again,) = letters()
    assert (again["id"], len(again["attempts"])) == (letter["id"], 20)
    assert show(letter["id"]).json["attempts"][9]["error"] == letter["attempts"][9]["error"]


def test_a_replayed_letter_whose_cause_was_put_right_is_done(kill_mail, mailbox, letters, show, replay, drain):
    kill_mail()
    (letter,) = letters()
    mailbox.refusal = ""
    replay(letter["id"])
    drain()
    shown = show(letter["id"]).json
    assert (shown["state"], [attempt["error"] is None for attempt in shown["attempts"]]) == ("done", [False, True])
    assert len(mailbox.messages) == 1
    assert letters() == []


def test_a_discarded_letter_keeps_why_and_by_whom(kill_mail, admin, letters, show, discard, drain, owner):
    kill_mail()
    (letter,) = letters()
    answer = discard(letter["id"], reason="They never lived here.")
    assert (answer.status_code, answer.json["state"]) == (HTTPStatus.OK, "discarded")
    assert show(letter["id"]).json["discard_reason"] == "They never lived here."
    assert owner.execute("SELECT discarded_by FROM delivery WHERE id = %s", [letter["id"]]).fetchone() == (admin.id,)
    assert letters() == []
    assert drain() == 0


def test_only_what_is_dead_is_replayed_or_discarded(kill_mail, letters, show, replay, discard):
    kill_mail()
    (letter,) = letters()
    discard(letter["id"], reason="Enough.")
    for answer in (replay(letter["id"]), discard(letter["id"], reason="More than enough.")):
        assert (answer.status_code, answer.json["code"]) == (HTTPStatus.CONFLICT, "illegal_transition")
        assert "this one is discarded" in answer.json["detail"]
    assert show(letter["id"]).json["discard_reason"] == "Enough."


def test_of_admins_who_replay_at_once_one_does(flask_app, admin, kill_mail, letters, drain):
    kill_mail()
    (letter,) = letters()

    def press(_):
        path = f"{URL}/{letter['id']}/replay"
        return flask_app.test_client().post(path, headers=token_for(admin)).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(press, range(4)))
    assert answers == [HTTPStatus.OK, *[HTTPStatus.CONFLICT] * 3]
    drain()
    assert len(letters()[0]["attempts"]) == 2


def test_what_does_not_exist_is_not_found(show, replay, discard):
    for answer in (show(new_id()), replay(new_id()), discard(new_id(), reason="Why not."), show("no-id")):
        assert (answer.status_code, answer.json["code"]) == (HTTPStatus.NOT_FOUND, "not_found")


def test_a_letter_is_not_discarded_without_a_reason(kill_mail, letters, discard):
    kill_mail()
    (letter,) = letters()
    for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": 7}, {"reason": "x" * 1_001}):
        answer = discard(letter["id"], **body)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/reason"), body
    assert discard(letter["id"], reason="Enough.", because="x").json["errors"][0]["pointer"] == "/because"
    assert [left["state"] for left in letters()] == ["dead"]


def test_a_filter_that_cannot_be_read_is_refused_by_name(client, support):
    for name, value in {"died_after": "yesterday", "limit": "0", "task": "\0", "cursor": "mine"}.items():
        answer = client.get(URL, query_string={name: value}, headers=token_for(support))
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, f"/{name}")


def test_support_looks_and_only_admins_change(client, support, admin):
    with session_scope() as session:
        others = [make_user(session), make_user(session, roles=["mentor", "finance"])]
    looks, changes = [("GET", URL), ("GET", f"{URL}/{new_id()}")], [
        ("POST", f"{URL}/{new_id()}/replay"),
        ("POST", f"{URL}/{new_id()}/discard"),
    ]  # fmt: skip

    def status(user, method, path):
        headers = token_for(user) if user else {}
        json = {"reason": "Why not."} if path.endswith("discard") else None
        return client.open(path, method=method, json=json, headers=headers).status_code

    for door in looks + changes:
        assert status(None, *door) == HTTPStatus.UNAUTHORIZED
        assert {status(user, *door) for user in others} == {HTTPStatus.FORBIDDEN}
        assert status(admin, *door) in (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
    assert [status(support, *door) for door in looks] == [HTTPStatus.OK, HTTPStatus.NOT_FOUND]
    assert {status(support, *door) for door in changes} == {HTTPStatus.FORBIDDEN}
