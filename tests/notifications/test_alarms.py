"""What the back office sees of alarms, and what it does with them."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from app.infra.db import session_scope
from app.kernel.ids import new_id
from tests.factories.identity import make_user, token_for
from tests.notifications.conftest import alarm, raised

URL = "/api/v1/admin/notifications"


def read(client, user, alarm_id):
    return client.post(f"{URL}/{alarm_id}/read", headers=token_for(user))


def causes(alarms):
    return [item["message"] for item in alarms]


@pytest.fixture
def three():
    """Return three alarms that differ in what one can filter by; the message names them."""
    return [
        alarm("a", message="a", type="payment_anomaly", severity="critical"),
        alarm("b", message="b", type="payment_anomaly", severity="error"),
        alarm("c", message="c", type="session_issue", severity="critical"),
    ]


def test_an_alarm_says_what_happened_how_bad_it_is_and_what_it_is_about(alarms):
    one = alarm()
    raised(one)
    (item,) = alarms()
    assert item.pop("id")
    assert item.pop("created_at") == item.pop("raised_at")
    assert item == {
        "type": "system_error",
        "severity": "error",
        "title": "The mill stands still",
        "message": "No wind.",
        "related": {"kind": "delivery", "id": str(one.related_id)},
        "metadata": {"attempts": 3},
        "is_read": False,
        "count": 1,
    }


def test_alarms_are_found_by_severity_and_type_the_latest_first(alarms, three):
    raised(*three)
    assert causes(alarms()) == ["c", "b", "a"]
    assert causes(alarms(unread_only="false")) == ["c", "b", "a"]
    assert causes(alarms(severity="critical")) == ["c", "a"]
    assert causes(alarms(type="payment_anomaly")) == ["b", "a"]
    assert causes(alarms(severity="critical", type="payment_anomaly")) == ["a"]
    assert causes(alarms(severity="info")) == []


def test_what_is_read_is_left_out_of_the_unread(client, support, alarms, three):
    raised(*three)
    read(client, support, alarms()[1]["id"])
    assert causes(alarms(unread_only="true")) == ["c", "a"]
    assert [item["is_read"] for item in alarms()] == [False, True, False]


def test_pages_follow_without_gap_or_repetition(client, support, alarms):
    raised(*(alarm(str(n), message=str(n)) for n in range(5)))
    seen, cursor = [], None
    while not seen or cursor:
        query = {"limit": 2, "unread_only": "true"} | ({"cursor": cursor} if cursor else {})
        page = client.get(URL, query_string=query, headers=token_for(support)).json
        seen += causes(page["items"])
        cursor = page["next_cursor"]
    assert seen == ["4", "3", "2", "1", "0"]


def test_alarms_that_were_raised_at_the_same_instant_are_paged_too(client, support, owner):
    raised(*(alarm(str(n)) for n in range(3)))
    owner.execute("UPDATE admin_notification SET raised_at = now()")
    first = client.get(URL, query_string={"limit": 2}, headers=token_for(support)).json
    rest = client.get(URL, query_string={"cursor": first["next_cursor"]}, headers=token_for(support)).json
    assert len({item["id"] for item in first["items"] + rest["items"]}) == 3


def test_a_cursor_belongs_to_the_filters_that_it_was_made_with(client, support):
    raised(alarm("a"), alarm("b"))
    cursor = client.get(URL, query_string={"limit": 1}, headers=token_for(support)).json["next_cursor"]
    query = {"cursor": cursor, "severity": "error"}
    answer = client.get(URL, query_string=query, headers=token_for(support))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer.json["errors"][0]["pointer"] == "/cursor"


def test_a_filter_that_does_not_exist_is_refused_by_name(client, support):
    for name, value in {"severity": "fatal", "type": "gossip", "unread_only": "perhaps", "limit": "0"}.items():
        answer = client.get(URL, query_string={name: value}, headers=token_for(support))
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert answer.json["errors"][0]["pointer"] == f"/{name}"


def test_an_alarm_is_read_for_everybody_and_the_first_reader_is_kept(client, support, alarms, owner):
    with session_scope() as session:
        admin = make_user(session, roles=["admin"])
    raised(alarm())
    (item,) = alarms()
    answers = [read(client, reader, item["id"]) for reader in (support, admin)]
    assert [answer.status_code for answer in answers] == [HTTPStatus.OK] * 2
    assert answers[0].json == answers[1].json == {**item, "is_read": True}
    assert owner.execute("SELECT read_by FROM admin_notification").fetchall() == [(support.id,)]


def test_an_alarm_is_deleted_and_then_gone(client, support, alarms):
    raised(alarm("a", message="a"), alarm("b", message="b"))
    url = f"{URL}/{alarms()[0]['id']}"
    assert client.delete(url, headers=token_for(support)).status_code == HTTPStatus.NO_CONTENT
    assert causes(alarms()) == ["a"]
    assert client.delete(url, headers=token_for(support)).status_code == HTTPStatus.NOT_FOUND


def test_what_does_not_exist_is_not_found(client, support):
    answer = read(client, support, new_id())
    assert (answer.status_code, answer.json["code"]) == (HTTPStatus.NOT_FOUND, "not_found")


def test_alarms_are_for_support_and_admins(client, support):
    with session_scope() as session:
        admin = make_user(session, roles=["admin"])
        others = [make_user(session), make_user(session, roles=["mentor", "finance"])]
    for method, path in (("GET", URL), ("POST", f"{URL}/{new_id()}/read"), ("DELETE", f"{URL}/{new_id()}")):
        passed = HTTPStatus.OK if method == "GET" else HTTPStatus.NOT_FOUND
        for user in (support, admin):
            assert client.open(path, method=method, headers=token_for(user)).status_code == passed
        for user in others:
            assert client.open(path, method=method, headers=token_for(user)).status_code == HTTPStatus.FORBIDDEN
        assert client.open(path, method=method).status_code == HTTPStatus.UNAUTHORIZED
