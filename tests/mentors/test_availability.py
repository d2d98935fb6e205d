"""Weekly hours: said, replaced, refused when they contradict themselves, and read by booking under a lock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import pytest
from sqlalchemy.exc import OperationalError

from app.infra import db
from app.infra.db import session_scope
from app.kernel.money import Money
from app.mentors import service
from app.mentors.models import Mentor, Offering
from app.mentors.service import Schedule, WeeklyRule
from tests.factories.identity import make_user, token_for
from tests.factories.mentors import make_mentor, make_offering

URL = "/api/v1/mentors/me/availability"


def rule(weekday="monday", start="09:00", end="17:00", **more):
    return {"weekday": weekday, "start": start, "end": end, **more}


@pytest.fixture
def mentor(database):
    with session_scope() as session:
        return make_mentor(session)


def put(client, mentor, *rules: object, timezone="Africa/Tunis", **more):
    return client.put(URL, json={"timezone": timezone, "rules": list(rules), **more}, headers=token_for(mentor))


def get(client, mentor):
    return client.get(URL, headers=token_for(mentor)).json


def pointers(answer):
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    return [error["pointer"] for error in answer.json["errors"]]


# What may be said


def test_hours_are_answered_as_they_were_said_in_the_order_of_the_week(client, mentor):
    said = [rule("sunday", "22:00", "24:00"), rule("monday", "13:00", "13:01"), rule("monday", "00:00", "02:00")]
    answer = put(client, mentor, *said, timezone="Pacific/Apia")
    assert answer.status_code == HTTPStatus.OK
    assert answer.json == {"timezone": "Pacific/Apia", "rules": [said[2], said[1], said[0]]}
    assert get(client, mentor) == answer.json


def test_new_hours_replace_all_the_old_ones(client, mentor):
    put(client, mentor, rule("monday"), rule("tuesday"))
    put(client, mentor, rule("tuesday", "09:00", "10:00"))
    assert get(client, mentor)["rules"] == [rule("tuesday", "09:00", "10:00")]
    assert put(client, mentor).json == {"timezone": "Africa/Tunis", "rules": []}


def test_rules_may_touch(client, mentor):
    touching = [rule(end="12:00"), rule(start="12:00")]
    assert put(client, mentor, *touching).json["rules"] == touching


def test_an_old_name_of_a_zone_becomes_the_present_one(client, mentor):
    assert put(client, mentor, rule(), timezone="Asia/Calcutta").json["timezone"] == "Asia/Kolkata"


def test_the_zone_of_the_hours_is_not_the_zone_of_the_person(client, mentor):
    put(client, mentor, rule(), timezone="Europe/Paris")
    assert client.get(f"/api/v1/mentors/{mentor.id}").json["timezone"] == "Africa/Tunis"


# What may not


def test_rules_that_run_backwards_are_refused_and_the_way_over_midnight_is_told(client, mentor):
    before = get(client, mentor)
    for start, end in (("17:00", "09:00"), ("09:00", "09:00"), ("22:00", "02:00"), ("22:00", "00:00")):
        answer = put(client, mentor, rule(), rule("friday", start, end))
        assert (pointers(answer), answer.json["code"]) == (["/rules/1/end"], "invalid_availability"), (start, end)
        assert "until 24:00" in answer.json["detail"]
    assert get(client, mentor) == before


OVERLAPS = [
    (rule(), "/rules/2"),
    (rule(start="10:00", end="11:00"), "/rules/2"),
    (rule(start="16:59", end="24:00"), "/rules/2"),
    (rule(start="00:00", end="09:01"), "/rules/1"),
]


def test_rules_that_overlap_are_refused_and_the_later_one_is_named(client, mentor):
    before = get(client, mentor)
    for other, later in OVERLAPS:
        answer = put(client, mentor, rule("tuesday"), rule(), other)
        assert (pointers(answer), answer.json["code"]) == ([later], "invalid_availability"), other
    assert get(client, mentor) == before


def test_a_zone_that_does_not_exist_is_refused(client, mentor):
    for zone in ("Mars/Olympus", "EST", "Etc/GMT+1", "GMT+1", "", "../../etc/passwd", "africa/tunis"):
        answer = put(client, mentor, rule(), timezone=zone)
        assert (pointers(answer), answer.json["code"]) == (["/timezone"], "unknown_timezone"), zone
    assert get(client, mentor)["timezone"] == "Africa/Tunis"


UNREADABLE = [
    (rule("Monday"), "/rules/0/weekday"),
    (rule("someday"), "/rules/0/weekday"),
    (rule(0), "/rules/0/weekday"),
    (rule(["monday"]), "/rules/0/weekday"),
    (rule(start="9:00"), "/rules/0/start"),
    (rule(start="09:60"), "/rules/0/start"),
    (rule(start="09:00:00"), "/rules/0/start"),
    (rule(start="09:00\n"), "/rules/0/start"),
    (rule(start="0\u0669:00"), "/rules/0/start"),
    (rule(start=9), "/rules/0/start"),
    (rule(start=9.5), "/rules/0/start"),
    (rule(start=None), "/rules/0/start"),
    (rule(start="-1:00"), "/rules/0/start"),
    (rule(end="24:01"), "/rules/0/end"),
    (rule(end="25:00"), "/rules/0/end"),
    (rule(start="24:00", end="24:00"), "/rules/0/end"),
    (rule(start="a\x00b"), "/rules/0/start"),
    (rule(every="week"), "/rules/0/every"),
    ({"weekday": "monday", "start": "09:00"}, "/rules/0/end"),
    ("monday 09:00-17:00", "/rules/0"),
    (None, "/rules/0"),
]


def test_a_rule_that_cannot_be_read_is_refused_and_named(client, mentor):
    before = get(client, mentor)
    for wrong, pointer in UNREADABLE:
        assert pointers(put(client, mentor, wrong)) == [pointer], wrong
    assert get(client, mentor) == before


def test_there_is_an_end_to_the_number_of_rules(client, mentor):
    assert pointers(put(client, mentor, *[rule()] * 101)) == ["/rules"]


def test_zone_and_rules_are_both_needed(client, mentor):
    wrong = [({"rules": []}, "/timezone"), ({"timezone": "UTC"}, "/rules"), ({"timezone": 1, "rules": []}, "/timezone")]
    for body, pointer in [*wrong, ({"timezone": "UTC", "rules": {}}, "/rules")]:
        assert pointers(client.put(URL, json=body, headers=token_for(mentor))) == [pointer]


def test_an_unknown_field_is_refused(client, mentor):
    assert pointers(put(client, mentor, mentor_id=str(mentor.id))) == ["/mentor_id"]


def test_only_a_mentor_has_hours(client, database):
    with session_scope() as session:
        learner = make_user(session)
    assert put(client, learner, rule()).status_code == HTTPStatus.FORBIDDEN
    assert client.get(URL).status_code == HTTPStatus.UNAUTHORIZED


# What booking reads


def test_the_schedule_holds_all_that_decides_over_a_slot(client, mentor):
    put(client, mentor, rule("friday", "22:00", "24:00"), timezone="Europe/Paris")
    settings = {"buffer_minutes": 10, "min_notice_minutes": 90, "horizon_days": 30, "accepting_bookings": False}
    client.patch("/api/v1/mentors/me", json=settings, headers=token_for(mentor))
    with session_scope() as session:
        found = service.schedule_of(session, mentor.id)
    assert found == Schedule(mentor.id, "Europe/Paris", (WeeklyRule(4, 1320, 1440),), 10, 90, 30, accepting=False)


def test_who_holds_the_mentors_lock_reads_what_holds_when_the_booking_commits(database, mentor):
    """The lock is waited for; what was read before it must not be believed after it."""
    with session_scope() as session:
        offering = make_offering(session, mentor)
    with session_scope() as booking:
        old = (booking.get(Mentor, mentor.id), booking.get(Offering, offering.id))  # while it lives, it is remembered
        assert (old[0].buffer_minutes, old[1].price) == (0, offering.price)
        assert len(service.schedule_of(booking, mentor.id).rules) == 7
        with session_scope() as changing:
            service.set_availability(changing, mentor.id, "Asia/Tokyo", [WeeklyRule(0, 540, 600)])
            service.change_mentor(changing, mentor.id, {"buffer_minutes": 30})
            service.change_offering(changing, mentor.id, offering.id, {"price": Money(1, "TND")})
        service.lock_mentor(booking, mentor.id)
        schedule = service.schedule_of(booking, mentor.id)
        assert (schedule.timezone, schedule.rules) == ("Asia/Tokyo", (WeeklyRule(0, 540, 600),))
        assert schedule.buffer_minutes == 30
        assert service.get_offering(booking, offering.id).price == Money(1, "TND")


def without_patience(change, mentor):
    with session_scope() as session:
        session.connection().exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
        change(session, mentor)


@pytest.mark.parametrize(
    "change",
    [
        lambda session, mentor: service.lock_mentor(session, mentor.id),
        lambda session, mentor: service.set_availability(session, mentor.id, "UTC", []),
        lambda session, mentor: service.change_mentor(session, mentor.id, {"horizon_days": 1}),
        lambda session, mentor: service.retire_offering(session, mentor.id, mentor.id),
    ],
    ids=["booking", "hours", "settings", "offering"],
)
def test_nothing_that_decides_over_a_slot_changes_while_a_booking_holds_the_lock(database, mentor, change):
    with session_scope() as booking:
        service.lock_mentor(booking, mentor.id)
        with pytest.raises(OperationalError) as refused:
            without_patience(change, mentor)
    assert db.sqlstate(refused.value) == "55P03"  # lock_not_available


def test_of_many_who_replace_the_hours_at_once_one_wins_whole(flask_app, mentor):
    weeks = [[rule(day, f"{n:02}:00", f"{n:02}:30") for day in ("monday", "friday")] for n in range(8)]

    def replace(rules):
        return put(flask_app.test_client(), mentor, *rules).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(replace, weeks)) == {HTTPStatus.OK}
    assert get(flask_app.test_client(), mentor)["rules"] in weeks
