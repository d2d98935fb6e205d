"""Who may pass a guard: the access token is checked, the roles are those of this moment."""

from __future__ import annotations

from http import HTTPStatus

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.identity.guards import requires
from app.infra.db import session_scope
from app.web import requests
from app.web.actor import current_actor
from app.web.api import ProblemApi
from app.web.blueprint import room_blueprint
from embedded.cluster import Database
from tests.factories.identity import MadeUser, make_user, token_for


@pytest.fixture
def door(database: Database) -> FlaskClient:
    """Return a client of an app with two guarded doors."""
    app = Flask(__name__)
    app.config.update(API_TITLE="doors", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    requests.register(app)
    rooms = room_blueprint("doors", "Doors to knock at.")

    @rooms.route("/anybody")
    @requires()
    @rooms.response(200)
    def anybody() -> dict[str, object]:
        return {"id": str(current_actor().id), "roles": sorted(current_actor().roles)}

    @rooms.route("/staff")
    @requires("mentor", "support")
    @rooms.response(200)
    def staff() -> dict[str, object]:
        return {}

    api = ProblemApi(app)
    api.register_blueprint(rooms)
    return app.test_client()


def made(*roles: str) -> MadeUser:
    with session_scope() as session:
        return make_user(session, roles=roles)


def test_a_signed_in_user_passes_and_is_known(door: FlaskClient) -> None:
    user = made()
    answer = door.get("/api/v1/anybody", headers=token_for(user))
    assert answer.status_code == HTTPStatus.OK
    assert answer.json == {"id": str(user.id), "roles": ["learner"]}


def test_nobody_passes_without_a_token(door: FlaskClient) -> None:
    answer = door.get("/api/v1/anybody")
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer.json["code"] == "unauthenticated"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("role", "status"), [("mentor", 200), ("support", 200), ("admin", 200), ("finance", 403)])
def test_one_of_the_roles_is_enough_and_an_admin_has_those_of_support(
    door: FlaskClient, role: str, status: int
) -> None:
    assert door.get("/api/v1/staff", headers=token_for(made(role))).status_code == status


def test_a_role_that_is_missing_is_named(door: FlaskClient) -> None:
    answer = door.get("/api/v1/staff", headers=token_for(made()))
    assert answer.json["code"] == "forbidden"
    assert answer.json["detail"] == "This needs the role mentor or support."


def test_a_role_taken_away_is_gone_at_once(door: FlaskClient, owner: psycopg.Connection) -> None:
    user = made("mentor")
    header = token_for(user)
    assert door.get("/api/v1/staff", headers=header).status_code == HTTPStatus.OK
    owner.execute("DELETE FROM user_role WHERE user_id = %s", [user.id])
    assert door.get("/api/v1/staff", headers=header).status_code == HTTPStatus.FORBIDDEN


def test_an_ended_sign_in_refuses_its_access_tokens(door: FlaskClient, owner: psycopg.Connection) -> None:
    user = made()
    owner.execute("UPDATE token_family SET revoked_at = now(), revocation = 'logout' WHERE id = %s", [user.family_id])
    assert door.get("/api/v1/anybody", headers=token_for(user)).status_code == HTTPStatus.UNAUTHORIZED


def test_a_role_that_does_not_exist_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(ValueError, match="mentr"):
        requires("mentr")
