"""/me: what users see of themselves and may change."""

from __future__ import annotations

from http import HTTPStatus

import psycopg
import pytest
from flask.testing import FlaskClient

from app.identity import service
from app.identity.errors import UserNotFound
from app.identity.states import Role
from app.infra.db import session_scope
from app.kernel.ids import new_id
from embedded.cluster import Database
from tests.factories.identity import MadeUser, token_for


def test_a_learner_sees_the_profile(client: FlaskClient, amina: MadeUser) -> None:
    answer = client.get("/api/v1/me", headers=token_for(amina))
    assert answer.json == {
        "id": str(amina.id),
        "email": amina.email,
        "name": "Amina Ben Salah",
        "timezone": "Africa/Tunis",
        "roles": ["learner"],
        "mentor_id": None,
        "picture_url": None,
    }


def test_a_mentors_id_is_the_users_id(client: FlaskClient, amina: MadeUser) -> None:
    with session_scope() as session:
        service.add_role(session, amina.id, Role.ADMIN)
        service.add_role(session, amina.id, Role.MENTOR)
        service.add_role(session, amina.id, Role.MENTOR)
    answer = client.get("/api/v1/me", headers=token_for(amina))
    assert answer.json["roles"] == ["learner", "mentor", "admin"]
    assert answer.json["mentor_id"] == str(amina.id)


def test_name_and_time_zone_can_be_changed_each_alone(client: FlaskClient, amina: MadeUser, other: MadeUser) -> None:
    header = token_for(amina)
    assert client.patch("/api/v1/me", headers=header, json={"name": "  Amina B.  "}).json["name"] == "Amina B."
    assert client.patch("/api/v1/me", headers=header, json={"timezone": "Europe/Paris"}).json["name"] == "Amina B."
    assert client.patch("/api/v1/me", headers=header, json={}).status_code == HTTPStatus.OK
    assert client.get("/api/v1/me", headers=header).json["timezone"] == "Europe/Paris"
    assert client.get("/api/v1/me", headers=token_for(other)).json["name"] == other.name


def test_nothing_else_can_be_changed(client: FlaskClient, amina: MadeUser, owner: psycopg.Connection) -> None:
    before = owner.execute("SELECT * FROM users").fetchall()
    for field in ("email", "roles", "id", "mentor_id", "picture_url", "password"):
        answer = client.patch("/api/v1/me", headers=token_for(amina), json={"name": "Changed", field: "x"})
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert answer.json["errors"] == [{"pointer": f"/{field}", "message": "Unknown field."}]
    assert owner.execute("SELECT * FROM users").fetchall() == before


def test_me_is_for_the_signed_in_only(client: FlaskClient) -> None:
    for answer in (client.get("/api/v1/me"), client.patch("/api/v1/me", json={"name": "Nobody"})):
        assert answer.status_code == HTTPStatus.UNAUTHORIZED


# --- what other rooms ask --------------------------------------------------------------------------------------------


def test_other_rooms_find_people_by_id(amina: MadeUser, other: MadeUser) -> None:
    with session_scope() as session:
        found = service.get_people(session, [amina.id, other.id, new_id()])
        assert set(found) == {amina.id, other.id}
        assert found[amina.id] == service.get_person(session, amina.id)
        assert found[amina.id] == service.Person(amina.id, amina.name, amina.email, amina.timezone, None)


def test_a_person_who_is_not_there_is_not_found(database: Database) -> None:
    with session_scope() as session, pytest.raises(UserNotFound):
        service.get_person(session, new_id())


def test_the_database_holds_an_address_once_whatever_its_case(amina: MadeUser, owner: psycopg.Connection) -> None:
    again = "INSERT INTO users SELECT %s, upper(email), name, timezone, password_hash, now(), now() FROM users"
    with pytest.raises(psycopg.errors.UniqueViolation, match="uq_users_email"):
        owner.execute(again, [new_id()])
