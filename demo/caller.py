"""Whoever calls the API: read, do, follow until it is ready."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from demo.failures import NotInTime, Unexpected, expect
from demo.waiting import PAUSE, Patience
from demo.wire import Answer, send

#: Seconds that one waiting request lasts. It tells of changes after it was asked; what changed just before it, after
#: the look that preceded it, is slept through. So most things, which take less than BRISK seconds, are looked at again
#: and again, and only what takes longer is waited for.
WAIT = 1
BRISK = 0.5


@dataclass(frozen=True)
class Caller:
    """Somebody who calls the API, signed in when there is a token."""

    api: str
    patience: Patience
    token: str = ""
    name: str = "Somebody"
    email: str = ""

    def get(self, path: str, query: Mapping[str, str] | None = None, *, wait: int = 0) -> Answer:
        """Read something; with `wait` as soon as it changes, or after so many seconds."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self.call("GET", target, headers={"Prefer": f"wait={wait}"} if wait else {})

    def post(self, path: str, body: object = None, *, key: str = "") -> Answer:
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

    def be_refused(self, path: str, body: object, status: int, code: str, *, key: str = "") -> None:
        """Try to do something that must be refused; raise Failed when it is done, or refused for another reason."""
        answer = self.try_call("POST", path, body, headers={"Idempotency-Key": key} if key else {})
        if answer.is_success:
            raise Unexpected(answer.call, f"{status} {code}", answer.shown)
        expect(f"the answer to {answer.call}", f"{answer.status} {answer['code']}", f"{status} {code}")

    def follow(self, path: str, what: str, ready: Callable[[Answer], bool], seen: Callable[[Answer], Any]) -> Answer:
        """Follow something until it is ready, by `Prefer: wait`; raise NotInTime with what was seen instead."""
        began = time.monotonic()
        latest = self.get(path)
        while not ready(latest):
            waited = time.monotonic() - began
            if waited >= self.patience.seconds:
                raise NotInTime(f"{what} (GET {path})", self.patience.seconds, seen(latest))
            latest = self.get(path, wait=0 if waited < BRISK else WAIT)
            if "Preference-Applied" not in latest.headers:  # brisk; or too many wait already: answered at once
                time.sleep(PAUSE)
        return latest

    def wait_for_status(self, path: str, status: str) -> Answer:
        """Return a payment, a booking or a payout as soon as it is in a state; raise NotInTime."""
        return self.follow(
            path, f"the status {status!r}", lambda it: it["status"] == status, lambda it: f"the status {it['status']!r}"
        )
