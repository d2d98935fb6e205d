"""What a mentor offers: made, changed, retired, listed."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from app.infra.db import session_scope
from app.kernel.ids import new_id
from app.kernel.money import Money
from app.mentors import service
from app.mentors.errors import MentorNotFound, OfferingNotFound, OfferingRetired
from app.mentors.models import Offering
from tests.factories.identity import make_user, token_for
from tests.factories.mentors import make_mentor, make_offering

TND = {"amount": 45000, "currency": "TND"}
OFFERING = {"title": "One hour", "description": "Ask me anything.", "duration_minutes": 60, "price": TND}
OWN = "/api/v1/mentors/me/offerings"


@pytest.fixture
def mentor(database):
    with session_scope() as session:
        return make_mentor(session)


@pytest.fixture
def offering(mentor):
    with session_scope() as session:
        return make_offering(session, mentor)


def public(client, mentor, query=""):
    return client.get(f"/api/v1/mentors/{mentor.id}/offerings{query}")


def create(client, mentor, **changes):
    return client.post(OWN, json={**OFFERING, **changes}, headers=token_for(mentor))


def change(client, mentor, offering, **changes):
    return client.patch(f"{OWN}/{offering.id}", json=changes, headers=token_for(mentor))


def refused(answer):
    return answer.status_code, answer.json["code"], [error["pointer"] for error in answer.json["errors"]]


# Offering something


def test_a_mentor_offers_a_kind_of_session(client, mentor):
    answer = create(client, mentor)
    assert answer.status_code == HTTPStatus.CREATED
    shown = {**OFFERING, "price": {**TND, "formatted": "45.000 TND"}}
    assert answer.json == {"id": answer.json["id"], "mentor_id": str(mentor.id), "active": True, **shown}
    assert public(client, mentor).json == {"items": [answer.json], "next_cursor": None}


def test_a_session_may_be_free_and_may_be_dear(client, mentor):
    for amount in (0, 10**12):
        answer = create(client, mentor, price={"amount": amount, "currency": "TND"})
        assert answer.json["price"]["amount"] == amount


def test_the_shortest_and_the_longest_session(client, mentor):
    for minutes in (5, 480):
        assert create(client, mentor, duration_minutes=minutes).json["duration_minutes"] == minutes


def test_a_currency_that_no_gateway_takes_and_pays_out_is_refused(client, mentor, offering):
    wanted = (HTTPStatus.UNPROCESSABLE_ENTITY, "unsupported_currency", ["/price/currency"])
    for currency in ("EUR", "JPY"):
        price = {"amount": 4500, "currency": currency}
        assert refused(create(client, mentor, price=price)) == wanted
        assert refused(change(client, mentor, offering, title="New", price=price)) == wanted
    assert [item["title"] for item in public(client, mentor).json["items"]] == ["One hour"]


def test_a_currency_that_is_none_is_refused(client, mentor):
    for currency in ("CHF", "tnd", ""):
        answer = create(client, mentor, price={"amount": 4500, "currency": currency})
        assert refused(answer)[:2] == (HTTPStatus.UNPROCESSABLE_ENTITY, "unsupported_currency"), currency


WRONG = [
    ({"title": ""}, "/title"),
    ({"title": " \t"}, "/title"),
    ({"title": "x" * 121}, "/title"),
    ({"title": "One\r\nBcc: all@example.com"}, "/title"),
    ({"title": None}, "/title"),
    ({"title": "a\x00b"}, "/title"),
    ({"description": "x" * 4001}, "/description"),
    ({"description": {}}, "/description"),
    ({"duration_minutes": 4}, "/duration_minutes"),
    ({"duration_minutes": 481}, "/duration_minutes"),
    ({"duration_minutes": 60.0}, "/duration_minutes"),
    ({"duration_minutes": "60"}, "/duration_minutes"),
    ({"duration_minutes": True}, "/duration_minutes"),
    ({"price": 45000}, "/price"),
    ({"price": None}, "/price"),
    ({"price": "45.000 TND"}, "/price"),
    ({"price": {"amount": 450.0, "currency": "TND"}}, "/price/amount"),
    ({"price": {"amount": "45000", "currency": "TND"}}, "/price/amount"),
    ({"price": {"amount": -1, "currency": "TND"}}, "/price/amount"),
    ({"price": {"amount": 10**12 + 1, "currency": "TND"}}, "/price"),
    ({"price": {"amount": 45000}}, "/price/currency"),
    ({"price": {"currency": "TND"}}, "/price/amount"),
    ({"price": {**TND, "discount": 1}}, "/price/discount"),
    ({"active": False}, "/active"),
    ({"mentor_id": str(new_id())}, "/mentor_id"),
]


def test_a_wrong_offering_is_refused_and_the_field_is_named(client, mentor, offering):
    before = public(client, mentor).json
    for wrong, pointer in WRONG:
        wanted = (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", [pointer])
        assert refused(create(client, mentor, **wrong)) == wanted, wrong
        assert refused(change(client, mentor, offering, **{"description": "New.", **wrong})) == wanted, wrong
    assert public(client, mentor).json == before


def test_every_part_of_an_offering_is_needed(client, mentor):
    for missing in OFFERING:
        given = {name: value for name, value in OFFERING.items() if name != missing}
        assert refused(client.post(OWN, json=given, headers=token_for(mentor)))[2] == [f"/{missing}"]


def test_a_field_given_twice_is_refused(client, mentor):
    twice = json.dumps(OFFERING).replace('"title"', '"title": "Another", "title"')
    answer = client.post(OWN, data=twice, content_type="application/json", headers=token_for(mentor))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_only_a_mentor_offers_something(client, database):
    with session_scope() as session:
        learner = make_user(session)
    assert create(client, learner).status_code == HTTPStatus.FORBIDDEN
    assert client.post(OWN, json=OFFERING).status_code == HTTPStatus.UNAUTHORIZED


def test_a_role_without_a_profile_offers_nothing(client, database):
    with session_scope() as session:
        odd = make_user(session, roles=["mentor"])
    assert create(client, odd).status_code == HTTPStatus.NOT_FOUND


# Changing and retiring it


def test_a_mentor_changes_what_is_given_and_nothing_else(client, mentor, offering):
    answer = change(client, mentor, offering, price={"amount": 30000, "currency": "TND"}, duration_minutes=45)
    assert answer.status_code == HTTPStatus.OK
    assert (answer.json["price"]["amount"], answer.json["duration_minutes"]) == (30000, 45)
    assert answer.json["title"] == "One hour"
    assert public(client, mentor).json["items"] == [answer.json]


def test_a_retired_offering_is_listed_no_more_but_stays_for_its_bookings(client, mentor, offering):
    assert client.delete(f"{OWN}/{offering.id}", headers=token_for(mentor)).status_code == HTTPStatus.NO_CONTENT
    assert public(client, mentor).json["items"] == []
    with session_scope() as session:
        kept = service.get_offering(session, offering.id)
    assert (kept.active, kept.title, kept.price) == (False, "One hour", Money(45000, "TND"))


def test_retiring_twice_is_retiring_once(client, mentor, offering):
    for _ in range(2):
        assert client.delete(f"{OWN}/{offering.id}", headers=token_for(mentor)).status_code == HTTPStatus.NO_CONTENT


def test_a_retired_offering_is_not_changed(client, mentor, offering):
    client.delete(f"{OWN}/{offering.id}", headers=token_for(mentor))
    answer = change(client, mentor, offering, title="New")
    assert (answer.status_code, answer.json["code"]) == (HTTPStatus.CONFLICT, "offering_retired")


def test_somebody_elses_offering_is_not_found_and_stays_as_it_is(client, mentor, offering):
    with session_scope() as session:
        rival = make_mentor(session, name="Rival")
    for answer in (
        change(client, rival, offering, title="Mine"),
        client.delete(f"{OWN}/{offering.id}", headers=token_for(rival)),
    ):
        assert (answer.status_code, answer.json["code"]) == (HTTPStatus.NOT_FOUND, "not_found")
    assert [item["title"] for item in public(client, mentor).json["items"]] == ["One hour"]


def test_there_is_no_such_offering(client, mentor):
    for what in (new_id(), "1", "x"):
        assert client.patch(f"{OWN}/{what}", json={}, headers=token_for(mentor)).status_code == HTTPStatus.NOT_FOUND
        assert client.delete(f"{OWN}/{what}", headers=token_for(mentor)).status_code == HTTPStatus.NOT_FOUND


def test_of_retiring_and_changing_at_once_the_later_one_sees_the_earlier(database, mentor, offering):
    with session_scope() as changing:
        remembered = changing.get(Offering, offering.id)
        with session_scope() as retiring:
            service.retire_offering(retiring, mentor.id, offering.id)
        with pytest.raises(OfferingRetired):
            service.change_offering(changing, mentor.id, offering.id, {"title": "New"})
    assert not remembered.active


# Listing them


def test_offerings_are_listed_oldest_first_page_by_page(client, mentor):
    with session_scope() as session:
        made = [str(make_offering(session, mentor, title=f"Number {n}").id) for n in range(5)]
    made.sort()  # ids of one millisecond have no order of their making
    first = public(client, mentor, "?limit=3").json
    rest = public(client, mentor, f"?limit=3&cursor={first['next_cursor']}").json
    assert [item["id"] for item in first["items"] + rest["items"]] == made
    assert rest["next_cursor"] is None


def test_a_cursor_of_another_mentors_list_is_refused(client, mentor):
    with session_scope() as session:
        rival = make_mentor(session)
        for _ in range(2):
            make_offering(session, rival)
    cursor = public(client, rival, "?limit=1").json["next_cursor"]
    assert refused(public(client, mentor, f"?cursor={cursor}"))[2] == ["/cursor"]


def test_a_wrong_question_is_refused(client, mentor):
    for name, value in (("limit", "0"), ("limit", "101"), ("limit", "x"), ("cursor", "x")):
        assert refused(public(client, mentor, f"?{name}={value}"))[2] == [f"/{name}"]


def test_a_user_who_is_no_mentor_has_no_list(client, database):
    with session_scope() as session:
        learner = make_user(session)
    assert public(client, learner).status_code == HTTPStatus.NOT_FOUND


# For other rooms


def test_what_does_not_exist_is_refused_by_its_own_name(database):
    with session_scope() as session:
        with pytest.raises(OfferingNotFound):
            service.get_offering(session, new_id())
        with pytest.raises(MentorNotFound):
            service.get_mentor(session, new_id())
        with pytest.raises(MentorNotFound):
            service.schedule_of(session, new_id())
        with pytest.raises(MentorNotFound):
            service.lock_mentor(session, new_id())
