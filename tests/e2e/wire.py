"""Calls as patient people make them: who gets no answer, or hears that something is broken, sends the same again."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Self

import httpx

from tests.e2e.patience import eventually
from tests.e2e.running import RunningWorld
from tests.factories.identity import MadeUser, token_for


class Wire:
    """One client for all people of a world: a thread each would cost more than what is tested."""

    def __init__(self, world: RunningWorld) -> None:
        """Note the addresses: they stay the same, whoever behind them is started again."""
        self._api, self.sandbox = world.api, str(world.facts["sandbox"])
        self._http = httpx.Client(timeout=60, trust_env=False, limits=httpx.Limits(max_connections=16))

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self._http.close()

    def get(self, path: str, who: MadeUser | None = None, **query: str) -> Any:
        """Return what the API shows."""
        return self._succeed("GET", self._api + path, headers=token_for(who) if who else {}, params=query)

    def post(self, path: str, who: MadeUser | None = None, body: object = None, *, key: str = "") -> Any:
        """Have the API do something, under an idempotency key where one is given."""
        return self._succeed("POST", self._api + path, headers=_headers(who, key), json=body)

    def try_post(self, path: str, who: MadeUser, body: object, *, key: str = "") -> None:
        """Have the API do something that may have been done already, or is too late now: both are fine."""
        answer = self._send("POST", self._api + path, headers=_headers(who, key), json=body)
        assert answer.is_success or answer.status_code == httpx.codes.CONFLICT, answer.text

    def put(self, path: str, who: MadeUser, body: object) -> Any:
        """Have the API keep something."""
        return self._succeed("PUT", self._api + path, headers=token_for(who), json=body)

    def click_pay(self, pay_url: str, *, late: bool = False) -> None:
        """Press the button of a pay page; `late` presses it after the link's expiry."""
        path, _, query = pay_url.partition("?")
        url = f"{path}/pay?{query}{'&late=1' if late else ''}"
        self._succeed("POST", url, headers={"Accept": "application/json"})

    def outside(self, path: str) -> Any:
        """Return what the sandbox shows of itself."""
        return self._succeed("GET", self.sandbox + path)

    def await_date(self, now: datetime) -> None:
        """Wait until the sandbox knows that it is this day: links that it opened before would have expired.

        Midnight may come in between.
        """
        dates = [str((now + timedelta(days=days)).date()) for days in (0, 1)]
        seen = lambda: self._send("GET", self.sandbox).text
        eventually(lambda: any(date in page for page in [seen()] for date in dates), f"{dates[0]} at the sandbox")

    def order_fault(self, fault: str, **fields: Any) -> None:
        """Order a fault at the sandbox."""
        self._succeed("POST", f"{self.sandbox}/faults", json={"fault": fault, **fields})

    def _succeed(self, method: str, url: str, **options: Any) -> Any:
        answer = self._send(method, url, **options)
        assert answer.is_success, f"{method} {url}: {answer.text}"
        return answer.json()

    def _send(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Send it until somebody answers who is whole."""

        def answered() -> httpx.Response | None:
            with suppress(httpx.TransportError):
                answer = self._http.request(method, url, **options)
                return None if answer.is_server_error or _is_still_running(answer) else answer
            return None

        answer: httpx.Response = eventually(answered, f"an answer to {method} {url}")
        return answer


def _headers(who: MadeUser | None, key: str) -> dict[str, str]:
    return (token_for(who) if who else {}) | ({"Idempotency-Key": key} if key else {})


def _is_still_running(answer: httpx.Response) -> bool:
    """Tell whether the first of two same requests is not over yet: its answer was lost with its connection."""
    return answer.status_code == httpx.codes.CONFLICT and answer.json()["code"] == "idempotency_in_progress"
