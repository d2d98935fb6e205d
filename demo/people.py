"""How people come in: an account, the link in the mail, a token."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from demo.caller import Caller
from demo.outside import Outside


@dataclass(frozen=True)
class Account:
    """What somebody registers with and signs in with."""

    name: str
    email: str
    password: str
    timezone: str = "Africa/Tunis"


def new_account(name: str) -> Account:
    """Return an account that nobody has yet."""
    return Account(name, f"{name.lower()}-{secrets.token_hex(3)}@example.com", secrets.token_urlsafe(18))


def register(nobody: Caller, account: Account) -> None:
    """Ask for the account; a mail with a link goes out."""
    body = {field: getattr(account, field) for field in ("email", "password", "name", "timezone")}
    nobody.post("/auth/register", body)


def confirm(nobody: Caller, outside: Outside, account: Account) -> None:
    """Open the link that was mailed."""
    nobody.post("/auth/verify-email", {"token": outside.wait_for_link(account.email)})


def sign_in(nobody: Caller, account: Account) -> Caller:
    """Return the one who signed in."""
    answer = nobody.post("/auth/login", {"email": account.email, "password": account.password})
    return Caller(nobody.api, nobody.patience, answer["access_token"], account.name, account.email)
