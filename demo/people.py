"""People and what they do at the API: register, sign in, offer sessions, book, pay."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from demo.failures import NotInTime, Unexpected
from demo.outside import Outside
from demo.waiting import PAUSE, Patience
from demo.wire import Answer, send

#: Day of the week → spans of (start, end), local times as HH:MM.
Hours = dict[str, list[tuple[str, str]]]

WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")

#: Seconds that one waiting request lasts. It tells of changes after it was asked; what changed just before it, after
#: the look that preceded it, would be slept through, so it is asked again soon.
WAIT = 1


@dataclass(frozen=True)
class Caller:
    """Somebody who calls the API, signed in when there is a token."""

    api: str
    patience: Patience
    token: str = ""

    def get(self, path: str, query: Mapping[str, str] | None = None, *, wait: int = 0) -> Answer:
        """Read something; with `wait` as soon as it changes, or after so many seconds."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self.call("GET", target, headers={"Prefer": f"wait={wait}"} if wait else {})

    def post(self, path: str, body: object, *, key: str = "") -> Answer:
        """Do something, under an idempotency key where one is given."""
        return self.call("POST", path, body, headers={"Idempotency-Key": key} if key else {})

    def call(self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Make one call below the API's address; raise Unexpected for anything but a success."""
        answer = self.try_call(method, path, body, headers=headers)
        if not answer.is_success:
            raise Unexpected(answer.call, "with a success", answer.shown)
        return answer

    def try_call(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Make one call and return the answer, refusals too."""
        signed = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return send(method, self.api + path, headers={**signed, **(headers or {})}, body=body)

    def watch(self, path: str, what: str, ready: Callable[[Answer], bool], seen: Callable[[Answer], str]) -> Answer:
        """Follow something until it is ready, by `Prefer: wait`; raise NotInTime with what was seen instead."""
        deadline = time.monotonic() + self.patience.seconds
        latest = self.get(path)
        while not ready(latest):
            if time.monotonic() >= deadline:
                raise NotInTime(f"{what} (GET {path})", self.patience.seconds, seen(latest))
            latest = self.get(path, wait=WAIT)
            if "Preference-Applied" not in latest.headers:  # too many wait already: answered at once
                time.sleep(PAUSE)
        return latest


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


def sign_in(nobody: Caller, email: str, password: str) -> Caller:
    """Return the one who signed in."""
    answer = nobody.post("/auth/login", {"email": email, "password": password})
    return Caller(nobody.api, nobody.patience, answer["access_token"])


def pay_link(payer: Caller, payment_id: str) -> str:
    """Return the pay link of a payment as soon as the gateway has given one; raise NotInTime."""
    answer = payer.watch(
        f"/payments/{payment_id}",
        "a pay link from Konnect",
        lambda payment: payment["pay_url"] is not None,
        lambda payment: f"a payment that is {payment['status']}, without a link",
    )
    return str(answer["pay_url"])


def wait_for_status(who: Caller, path: str, status: str) -> Answer:
    """Return a payment or a booking as soon as it is in a state; raise NotInTime."""
    return who.watch(
        path, f"the status {status!r}", lambda it: it["status"] == status, lambda it: f"the status {it['status']!r}"
    )


def weekly_hours(timezone: str, hours: Hours) -> dict[str, Any]:
    """Return weekly hours as the API takes them."""
    rules = [{"weekday": day, "start": start, "end": end} for day, spans in hours.items() for start, end in spans]
    return {"timezone": timezone, "rules": rules}


def open_on(*days: str, spans: list[tuple[str, str]]) -> Hours:
    """Return the same spans, (start, end) as HH:MM, for each of these days."""
    return dict.fromkeys(days, spans)
