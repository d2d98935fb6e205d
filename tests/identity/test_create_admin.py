"""`flask users create-admin`: the first admin, and the way back in."""

from __future__ import annotations

import psycopg
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.identity import MadeUser, token_for
from tests.identity.conftest import Post

PASSWORD = "an operator's password"


def create_admin(flask_app: Flask, *options: str, typed: str = f"{PASSWORD}\n") -> tuple[int, str]:
    result = flask_app.test_cli_runner().invoke(args=["users", "create-admin", *options], input=typed)
    return result.exit_code, result.output


def test_a_new_admin_can_sign_in_at_once(flask_app: Flask, post: Post, owner: psycopg.Connection) -> None:
    code, output = create_admin(flask_app, "--email", "Root@Amana.TEST", "--name", "Root", "--password-stdin")
    assert (code, "Root@amana.test is an admin" in output) == (0, True)
    assert PASSWORD not in output
    login = post("login", email="root@amana.test", password=PASSWORD)
    assert login.json["user"]["roles"] == ["learner", "admin"]
    assert login.json["user"]["name"] == "Root"
    assert owner.execute("SELECT count(*) FROM event").fetchone() == (0,)


def test_again_it_does_no_harm(flask_app: Flask, post: Post, owner: psycopg.Connection) -> None:
    for _ in range(2):
        assert create_admin(flask_app, "--email", "root@amana.test", "--password-stdin")[0] == 0
    assert owner.execute("SELECT count(*), min(name) FROM users").fetchone() == (1, "Administrator")


def test_a_user_who_exists_gets_the_role_and_the_password_and_keeps_the_rest(
    flask_app: Flask, client: FlaskClient, post: Post, amina: MadeUser
) -> None:
    signed_in = token_for(amina)
    assert create_admin(flask_app, "--email", amina.email.upper(), "--password-stdin")[0] == 0
    assert client.get("/api/v1/me", headers=signed_in).status_code == 401
    assert post("login", email=amina.email, password=amina.password).status_code == 401
    user = post("login", email=amina.email, password=PASSWORD).json["user"]
    assert (user["id"], user["name"], user["roles"]) == (str(amina.id), amina.name, ["learner", "admin"])


def test_an_address_that_nobody_proved_counts_as_proved(flask_app: Flask, post: Post, newcomer: dict[str, str]) -> None:
    post("register", **newcomer)
    assert create_admin(flask_app, "--email", newcomer["email"], "--password-stdin")[0] == 0
    assert post("login", email=newcomer["email"], password=PASSWORD).status_code == 200
    assert post("login", email=newcomer["email"], password=newcomer["password"]).status_code == 401


def test_the_password_is_asked_for_twice_and_not_shown(flask_app: Flask, post: Post) -> None:
    code, output = create_admin(flask_app, "--email", "root@amana.test", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert (code, PASSWORD in output) == (0, False)
    assert post("login", email="root@amana.test", password=PASSWORD).status_code == 200


def test_what_is_wrong_is_said_and_nothing_is_made(flask_app: Flask, owner: psycopg.Connection) -> None:
    for options, typed, said in (
        (["--email", "root"], "", "e-mail address"),
        (["--email", "root@amana.test", "--name", "\u202e"], "", "name"),
        (["--email", "root@amana.test", "--password-stdin"], "short\n", "12 to 128 characters"),
        (["--email", "root@amana.test", "--password-stdin"], "", "12 to 128 characters"),
        ([], "", "--email"),
    ):
        code, output = create_admin(flask_app, *options, typed=typed)
        assert (code, said in output) == (2, True), output
    assert owner.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_the_help_says_what_happens(flask_app: Flask) -> None:
    _, output = create_admin(flask_app, "--help")
    for words in ("--email", "--name", "--password-stdin", "the account gets the role", "does no harm"):
        assert words in " ".join(output.split())
