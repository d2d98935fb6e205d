"""Becoming a mentor, and what is said of one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import pytest

from app.infra.db import session_scope
from app.kernel.ids import new_id
from app.mentors import service
from tests.factories.identity import make_user, token_for
from tests.factories.mentors import make_mentor
from tests.patience import eventually, somebody_waits_for_a_lock

PROFILE = {"headline": "Databases", "bio": "Twenty years of them.", "skills": ["postgres", "sql"]}
URL = "/api/v1/mentors"


@pytest.fixture
def user(database):
    with session_scope() as session:
        return make_user(session, name="Mounir Trabelsi", timezone="Africa/Tunis")


@pytest.fixture
def mentor(database):
    with session_scope() as session:
        return make_mentor(session)


def change(client, mentor, **changes):
    return client.patch(f"{URL}/me", json=changes, headers=token_for(mentor))


def pointers(answer):
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    return [error["pointer"] for error in answer.json["errors"]]


# Becoming one


def test_a_user_becomes_a_mentor_under_the_same_id(client, user):
    answer = client.post(URL, json=PROFILE, headers=token_for(user))
    assert answer.status_code == HTTPStatus.CREATED
    assert answer.json == {
        "id": str(user.id),
        "name": "Mounir Trabelsi",
        "picture_url": None,
        "headline": "Databases",
        "bio": "Twenty years of them.",
        "skills": ["postgres", "sql"],
        "timezone": "Africa/Tunis",
        "accepting_bookings": True,
        "buffer_minutes": 0,
        "min_notice_minutes": 60,
        "horizon_days": 60,
    }
    assert client.get(f"{URL}/{user.id}").json == answer.json


def test_the_new_mentor_has_the_role_at_once_and_no_hours_yet(client, user):
    assert client.get(f"{URL}/me/availability", headers=token_for(user)).status_code == HTTPStatus.FORBIDDEN
    client.post(URL, json=PROFILE, headers=token_for(user))
    answer = client.get(f"{URL}/me/availability", headers=token_for(user))
    assert answer.json == {"timezone": "Africa/Tunis", "rules": []}


def test_nobody_becomes_a_mentor_twice(client, mentor):
    answer = client.post(URL, json={**PROFILE, "headline": "Another"}, headers=token_for(mentor))
    assert (answer.status_code, answer.json["code"]) == (HTTPStatus.CONFLICT, "already_mentor")
    assert client.get(f"{URL}/{mentor.id}").json["headline"] == "Databases"


def test_of_many_requests_at_once_one_makes_the_mentor(flask_app, user):
    def post(_):
        return flask_app.test_client().post(URL, json=PROFILE, headers=token_for(user)).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(post, range(8))) == [HTTPStatus.CREATED] + [HTTPStatus.CONFLICT] * 7


def test_skills_are_stored_alike_and_once(client, user):
    written = ["  PostgreSQL ", "postgresql", "Data\u00a0 modelling", "\uff33\uff31\uff2c"]
    answer = client.post(URL, json={**PROFILE, "skills": written}, headers=token_for(user))
    assert answer.json["skills"] == ["postgresql", "data modelling", "sql"]


WRONG_PROFILES = [
    ({"headline": None}, "/headline"),
    ({"headline": ""}, "/headline"),
    ({"headline": "   "}, "/headline"),
    ({"headline": "x" * 161}, "/headline"),
    ({"headline": "two\nlines"}, "/headline"),
    ({"headline": 7}, "/headline"),
    ({"headline": "a\x00b"}, "/headline"),
    ({"headline": "a\ud800b"}, "/headline"),
    ({"bio": "x" * 5001}, "/bio"),
    ({"bio": ["x"]}, "/bio"),
    ({"skills": "postgres"}, "/skills"),
    ({"skills": [1]}, "/skills/0"),
    ({"skills": ["sql", " "]}, "/skills/1"),
    ({"skills": ["x" * 41]}, "/skills"),
    ({"skills": ["\ufdfa" * 3]}, "/skills"),  # one character that becomes eighteen when it is composed
    ({"skills": [f"skill {n}" for n in range(21)]}, "/skills"),
    ({"skills": ["same"] * 101}, "/skills"),
    ({"timezone": "Africa/Tunis"}, "/timezone"),
    ({"id": str(new_id())}, "/id"),
]


def test_a_wrong_profile_is_refused_and_the_field_is_named(client, user):
    for wrong, pointer in WRONG_PROFILES:
        answer = client.post(URL, json={**PROFILE, **wrong}, headers=token_for(user))
        assert pointers(answer) == [pointer], wrong
    assert client.get(f"{URL}/{user.id}").status_code == HTTPStatus.NOT_FOUND


def test_every_part_of_a_profile_is_needed(client, user):
    for missing in PROFILE:
        given = {name: value for name, value in PROFILE.items() if name != missing}
        assert pointers(client.post(URL, json=given, headers=token_for(user))) == [f"/{missing}"]


def test_a_body_that_is_no_object_is_refused(client, user):
    for body in ("[]", '"text"', "null", "7"):
        answer = client.post(URL, data=body, content_type="application/json", headers=token_for(user))
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, body


def test_who_is_not_signed_in_becomes_nothing(client, database):
    assert client.post(URL, json=PROFILE).status_code == HTTPStatus.UNAUTHORIZED


# Changing what is said


def test_a_mentor_changes_what_is_given_and_nothing_else(client, mentor):
    before = client.get(f"{URL}/{mentor.id}").json
    changes = {"accepting_bookings": False, "buffer_minutes": 15, "min_notice_minutes": 0, "horizon_days": 365}
    answer = change(client, mentor, **changes)
    assert answer.status_code == HTTPStatus.OK
    assert answer.json == {**before, **changes}
    assert client.get(f"{URL}/{mentor.id}").json == answer.json
    assert change(client, mentor).json == answer.json


WRONG_SETTINGS = [
    {"buffer_minutes": -1},
    {"buffer_minutes": 481},
    {"buffer_minutes": 15.0},
    {"buffer_minutes": "15"},
    {"buffer_minutes": True},
    {"buffer_minutes": None},
    {"min_notice_minutes": -1},
    {"min_notice_minutes": 2**62},
    {"horizon_days": 0},
    {"horizon_days": 366},
    {"accepting_bookings": "false"},
    {"accepting_bookings": 1.0},
    {"accepting_bookings": 0},
    {"headline": " "},
    {"name": "Somebody else"},
]


def test_a_wrong_setting_changes_nothing(client, mentor):
    before = client.get(f"{URL}/{mentor.id}").json
    for wrong in WRONG_SETTINGS:
        answer = change(client, mentor, **{"bio": "New.", **wrong})
        assert pointers(answer) == [f"/{name}" for name in wrong], wrong
    assert client.get(f"{URL}/{mentor.id}").json == before


def test_a_notice_beyond_the_horizon_is_refused(client, mentor):
    for changes in ({"min_notice_minutes": 60 * 1440 + 1}, {"min_notice_minutes": 2880, "horizon_days": 1}):
        answer = change(client, mentor, **changes)
        assert (pointers(answer), answer.json["code"]) == (["/min_notice_minutes"], "invalid_settings")
    assert client.get(f"{URL}/{mentor.id}").json["horizon_days"] == 60


def test_of_two_changes_at_once_that_contradict_each_other_the_later_is_refused(flask_app, mentor, owner):
    with ThreadPoolExecutor(1) as pool:
        with session_scope() as first:
            service.change_mentor(first, mentor.id, {"min_notice_minutes": 2880})
            second = pool.submit(change, flask_app.test_client(), mentor, horizon_days=1)
            eventually(lambda: somebody_waits_for_a_lock(owner))
        assert pointers(second.result()) == ["/min_notice_minutes"]


def test_changed_skills_are_stored_like_the_first_ones(client, mentor):
    assert change(client, mentor, skills=[" SQL", "sql"]).json["skills"] == ["sql"]
    assert pointers(change(client, mentor, skills=["x" * 41])) == ["/skills"]


def test_only_a_mentor_has_something_to_change(client, user):
    answer = client.patch(f"{URL}/me", json={"bio": "x"}, headers=token_for(user))
    assert (answer.status_code, answer.json["code"]) == (HTTPStatus.FORBIDDEN, "forbidden")
    assert client.patch(f"{URL}/me", json={"bio": "x"}).status_code == HTTPStatus.UNAUTHORIZED


def test_someone_with_the_role_but_no_profile_is_told_so(client, database):
    with session_scope() as session:
        odd = make_user(session, roles=["mentor"])
    assert client.patch(f"{URL}/me", json={"bio": "x"}, headers=token_for(odd)).status_code == HTTPStatus.NOT_FOUND


# Looking around


def test_there_is_no_such_mentor(client, mentor):
    for who in ("00000000-0000-0000-0000-000000000000", "7", "%00", "x" * 300):
        answer = client.get(f"{URL}/{who}")
        assert (answer.status_code, answer.json["code"]) == (HTTPStatus.NOT_FOUND, "not_found")
        assert answer.content_type == "application/problem+json"


def test_a_user_who_is_no_mentor_is_not_shown_as_one(client, user):
    assert client.get(f"{URL}/{user.id}").json["code"] == "not_found"


@pytest.fixture
def three(database):
    with session_scope() as session:
        return [
            make_mentor(session, headline="Databases", bio="Twenty years of 100% uptime.", skills=["postgres", "sql"]),
            make_mentor(session, headline="Front ends", bio="From tables to grids.", skills=["css", "Type Script"]),
            make_mentor(session, headline="Careers", bio="", skills=["interviews", "sql"]),
        ]


#: what is asked, and which of the three are found, newest first
QUESTIONS = [
    ("", [2, 1, 0]),
    ("q=", [2, 1, 0]),
    ("q=DATA", [0]),
    ("q=tables", [1]),
    ("q=script", [1]),
    ("q=front%20grids", [1]),
    ("q=front%20databases", []),
    ("q=100%25", [0]),
    ("q=100_", []),
    ("q=%25", [0]),
    ("q=%5C", []),
    ("skill=sql", [2, 0]),
    ("skill=%20SQL", [2, 0]),
    ("skill=type%20script", [1]),
    ("skill=sq", []),
    ("skill=sql&q=careers", [2]),
    ("colour=red", [2, 1, 0]),
]


def test_mentors_are_found_by_words_and_by_skill(client, three):
    for query, found in QUESTIONS:
        answer = client.get(f"{URL}?{query}")
        assert [item["id"] for item in answer.json["items"]] == [str(three[n].id) for n in found], query
        assert answer.json["next_cursor"] is None


def test_a_list_goes_on_with_its_cursor(client, three):
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{URL}?limit=1&skill=sql{cursor and '&cursor='}{cursor}").json
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [str(three[2].id), str(three[0].id)]


WRONG_QUESTIONS = [
    ("limit=0", "/limit"),
    ("limit=101", "/limit"),
    ("limit=-1", "/limit"),
    ("limit=1.5", "/limit"),
    ("limit=", "/limit"),
    ("limit=99999999999999999999", "/limit"),
    ("cursor=", "/cursor"),
    ("cursor=nonsense", "/cursor"),
    ("cursor=%FF%FE", "/cursor"),
    ("q=a%00b", "/q"),
    ("skill=%00", "/skill"),
    ("q=" + "x" * 101, "/q"),
    ("skill=" + "x" * 101, "/skill"),
]


def test_a_wrong_question_is_refused_and_the_parameter_is_named(client, three):
    for query, pointer in WRONG_QUESTIONS:
        assert pointers(client.get(f"{URL}?{query}")) == [pointer], query


def test_a_cursor_belongs_to_the_question_it_answered(client, three):
    cursor = client.get(f"{URL}?limit=1").json["next_cursor"]
    assert client.get(f"{URL}?limit=1&cursor={cursor}").status_code == HTTPStatus.OK
    for other in (f"{URL}?q=a&cursor={cursor}", f"{URL}/{three[0].id}/offerings?cursor={cursor}"):
        assert client.get(other).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert client.get(f"{URL}?cursor={cursor[:-3]}AAA").status_code == HTTPStatus.UNPROCESSABLE_ENTITY
