"""One unread notification for each cause, however often, and however many at once, the alarm is raised."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.infra.clock import advance
from app.infra.db import session_scope
from app.notifications import service
from tests.factories.identity import token_for
from tests.notifications.conftest import alarm, raised
from tests.patience import PATIENCE_SECONDS, eventually, somebody_waits_for_a_lock

URL = "/api/v1/admin/notifications"


def counts(alarms):
    return [item["count"] for item in alarms]


def later(seconds):
    with session_scope() as session:
        advance(session, seconds)


def test_the_same_cause_again_raises_the_count_and_the_time_and_says_what_is_so_now(alarms):
    raised(alarm(message="No wind.", metadata={"attempts": 3}))
    (first,) = alarms()
    later(60)
    again = alarm(message="Still no wind.", metadata={"attempts": 4}, severity="critical")
    raised(again)
    (second,) = alarms()
    assert second["raised_at"] > first["raised_at"]
    assert second == {
        **first,
        "count": 2,
        "raised_at": second["raised_at"],
        "message": "Still no wind.",
        "severity": "critical",
        "related": {"kind": "delivery", "id": str(again.related_id)},
        "metadata": {"attempts": 4},
    }


def test_another_cause_is_another_notification(alarms):
    raised(alarm("a"), alarm("b"), alarm("a"))
    assert sorted(counts(alarms())) == [1, 2]


def test_what_is_raised_again_comes_first_again(alarms):
    raised(alarm("a", message="a"), alarm("b", message="b"))
    later(1)
    raised(alarm("a", message="a"))
    assert [item["message"] for item in alarms()] == ["a", "b"]


def test_after_it_was_read_the_same_cause_opens_a_new_one(client, support, alarms):
    raised(alarm(), alarm())
    client.post(f"{URL}/{alarms()[0]['id']}/read", headers=token_for(support))
    raised(alarm())
    assert [(item["count"], item["is_read"]) for item in alarms()] == [(1, False), (2, True)]


def test_after_it_was_deleted_the_same_cause_opens_a_new_one(client, support, alarms):
    raised(alarm(), alarm())
    client.delete(f"{URL}/{alarms()[0]['id']}", headers=token_for(support))
    raised(alarm())
    assert counts(alarms()) == [1]


def test_alarms_raised_at_once_are_one_notification_that_counts_them_all(alarms):
    at_once = threading.Barrier(8)

    def ring(_):
        with session_scope() as session:
            session.execute(text("SELECT 1"))  # each holds its connection before any of them rings
            at_once.wait(PATIENCE_SECONDS)
            service.raise_alarm(session, alarm())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ring, range(8)))
    assert counts(alarms()) == [8]


@pytest.mark.parametrize("ending", ["read", "deleted"])
def test_an_alarm_that_meets_its_own_ending_opens_a_new_one(support, alarms, owner, ending):
    """The alarm waits for the row that is being read or deleted, and must not be lost with it."""
    raised(alarm())
    (item,) = alarms()
    with ThreadPoolExecutor(1) as pool:
        with session_scope() as session:
            if ending == "read":
                service.read_alarm(session, support.id, item["id"])
            else:
                service.delete_alarm(session, item["id"])
            ringing = pool.submit(raised, alarm())
            eventually(lambda: somebody_waits_for_a_lock(owner))
        ringing.result(PATIENCE_SECONDS)
    assert counts(alarms(unread_only="true")) == [1]
    assert len(alarms()) == (2 if ending == "read" else 1)


def test_a_clock_that_is_behind_does_not_turn_the_time_back(alarms, owner):
    raised(alarm())
    owner.execute("UPDATE admin_notification SET raised_at = raised_at + interval '1 hour'")
    (before,) = alarms()
    raised(alarm())
    assert [(item["count"], item["raised_at"]) for item in alarms()] == [(2, before["raised_at"])]


def test_a_text_that_is_too_long_is_cut_rather_than_lost(alarms):
    raised(alarm(title="t" * 201, message="m" * 2_001))
    (item,) = alarms()
    assert (len(item["title"]), len(item["message"])) == (200, 2_000)
