"""A user's own inbox."""

from __future__ import annotations

from http import HTTPStatus

from app.infra.db import session_scope
from app.kernel.ids import new_id
from app.notifications import service
from tests.factories.identity import make_user, token_for
from tests.notifications.conftest import news, notified

URL = "/api/v1/notifications"


def inbox(client, user, **query):
    return client.get(URL, query_string=query, headers=token_for(user))


def titles(answer):
    return [item["title"] for item in answer.json["items"]]


def read(client, user, notification_id):
    return client.post(f"{URL}/{notification_id}/read", headers=token_for(user))


def test_a_message_says_what_it_is_about_and_that_it_is_unread(client, amina):
    booking_id = new_id()
    with session_scope() as session:
        service.tell(session, new_id(), [news(amina, related_kind="booking", related_id=booking_id)])
    (item,) = inbox(client, amina).json["items"]
    assert item.pop("id")
    assert item.pop("created_at").endswith("Z")
    assert item == {
        "type": "booking_confirmed",
        "title": "Confirmed",
        "message": "It takes place.",
        "related": {"kind": "booking", "id": str(booking_id)},
        "metadata": {"places": 1},
        "is_read": False,
    }


def test_a_message_may_be_about_no_one_thing(client, amina):
    notified(amina, "Welcome")
    assert inbox(client, amina).json["items"][0]["related"] is None


def test_everybody_sees_their_own_only(client, amina, support):
    notified(amina, "For Amina")
    assert titles(inbox(client, amina)) == ["For Amina"]
    assert inbox(client, support).json == {"items": [], "next_cursor": None}


def test_the_latest_comes_first_and_pages_follow_without_gap_or_repetition(client, amina):
    notified(amina, "one", "two", "three", "four", "five")
    seen, cursor = [], None
    while not seen or cursor:
        page = inbox(client, amina, limit=2, **({"cursor": cursor} if cursor else {}))
        assert len(page.json["items"]) <= 2
        seen += titles(page)
        cursor = page.json["next_cursor"]
    assert seen == ["five", "four", "three", "two", "one"]


def test_a_message_is_marked_as_read_and_once_more_changes_nothing(client, amina):
    notified(amina, "Read me", "Leave me")
    wanted = inbox(client, amina).json["items"][1]
    answers = [read(client, amina, wanted["id"]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [HTTPStatus.OK] * 2
    assert answers[0].json == answers[1].json == {**wanted, "is_read": True}
    assert [item["is_read"] for item in inbox(client, amina).json["items"]] == [False, True]


def test_the_first_reading_is_the_one_that_is_kept(client, amina, owner):
    notified(amina, "Read me")
    message = inbox(client, amina).json["items"][0]
    read(client, amina, message["id"])
    owner.execute("UPDATE notification SET read_at = '2026-01-01T00:00Z'")
    read(client, amina, message["id"])
    assert owner.execute("SELECT read_at = '2026-01-01T00:00Z' FROM notification").fetchone() == (True,)


def test_what_is_somebody_elses_is_not_found_and_stays_unread(client, amina, support):
    notified(amina, "For Amina")
    message = inbox(client, amina).json["items"][0]
    answer = read(client, support, message["id"])
    assert (answer.status_code, answer.json["code"]) == (HTTPStatus.NOT_FOUND, "not_found")
    assert not inbox(client, amina).json["items"][0]["is_read"]


def test_what_does_not_exist_is_not_found(client, amina):
    assert read(client, amina, new_id()).status_code == HTTPStatus.NOT_FOUND
    assert read(client, amina, "no-id").status_code == HTTPStatus.NOT_FOUND


def test_a_cursor_of_another_inbox_is_refused(client, amina):
    notified(amina, "one", "two")
    cursor = inbox(client, amina, limit=1).json["next_cursor"]
    with session_scope() as session:
        other = make_user(session)
    answer = inbox(client, other, cursor=cursor)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer.json["errors"][0]["pointer"] == "/cursor"


def test_a_page_has_a_size_that_exists(client, amina):
    for limit in (0, 101, "many"):
        answer = inbox(client, amina, limit=limit)
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert answer.json["errors"][0]["pointer"] == "/limit"


def test_nobody_looks_in_without_signing_in(client):
    assert client.get(URL).status_code == HTTPStatus.UNAUTHORIZED
    assert client.post(f"{URL}/{new_id()}/read").status_code == HTTPStatus.UNAUTHORIZED
