"""`flask --app wsgi users …`: what an operator does about people."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click
from flask.cli import AppGroup

from app.identity import passwords, rules, service
from app.infra.db import session_scope
from app.kernel.errors import InvalidInput

users = AppGroup("users", help="The people who sign in.")


def _ruled(read: Callable[[str], str]) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Make an option's callback of one of our rules."""

    def check(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
        try:
            return None if value is None else read(value)
        except InvalidInput as refusal:
            raise click.BadParameter(refusal.detail) from None

    return check


@users.command("create-admin")
@click.option("--email", required=True, callback=_ruled(rules.read_address), help="The address to sign in with.")
@click.option("--name", callback=_ruled(rules.read_name), help="The name to show.  [default: as it is; Administrator]")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
def create_admin(email: str, name: str | None, *, password_stdin: bool) -> None:
    r"""Make somebody an admin who can sign in at once.

    A new address is registered and counts as proved. For one that is known the account gets the role and the new
    password, and whoever is signed in with the old one is signed out. Running it again does no harm.

    \b
    The password has 12 to 128 characters and is asked for, or read from standard input:
      flask --app wsgi users create-admin --email root@example.com
      pass show amana | flask --app wsgi users create-admin --email root@example.com --password-stdin
    """
    password = _password(from_stdin=password_stdin)
    with session_scope() as session:
        user_id = service.create_admin(session, email=email, password=password, name=name)
    click.echo(f"{email} is an admin: user {user_id}")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", type=str, hide_input=True, confirmation_prompt=True)
    if not passwords.MIN_LENGTH <= len(password) <= passwords.MAX_LENGTH:
        raise click.UsageError(
            f"The password must have {passwords.MIN_LENGTH} to {passwords.MAX_LENGTH} characters; "
            f"this one has {len(password)}."
        )
    return password
