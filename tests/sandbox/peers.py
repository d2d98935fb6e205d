"""The other side of the sandbox, on sockets of its own: a merchant with a webhook, a business clock, a payer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit, urlunsplit

import httpx
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from sandbox.loopback import listen
from sandbox.server import Handler, Sandbox
from tests.patience import eventually

WALLET = "5f7a209aeb3f76490ac4a3d1"
KEY = {"x-api-key": "5f7a209aeb3f76490ac4a3d0:secret"}


class Peer:
    """An HTTP server of a test, on a free port, for as long as the `with` lasts."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            return answer(Request(environ))(environ, start)

        with listen("127.0.0.1", 0) as listener:
            self._server = make_server(
                "127.0.0.1", 0, application, threaded=True, request_handler=Handler, fd=listener.fileno()
            )
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening: from now on nobody is there."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


class Merchant(Peer):
    """Takes webhooks: notes each call, and answers with the next of `statuses`, then 200."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.calls: list[Request] = []
        self.statuses: list[int] = []
        self.on_call: Callable[[str], None] = lambda _ref: None

    def _answer(self, request: Request) -> Response:
        self.calls.append(request)
        self.on_call(request.args.get("payment_ref", ""))
        return Response(status=self.statuses.pop(0) if self.statuses else 200, headers={"Location": f"{self.url}/else"})

    def refs(self) -> list[str]:
        """Return the references it was called with, in order."""
        return [call.args.get("payment_ref", "") for call in self.calls]

    def wait_for(self, count: int) -> list[str]:
        """Return the references, once there are `count` calls."""
        eventually(lambda: len(self.calls) >= count)
        return self.refs()


class BusinessClock(Peer):
    """A clock like the system's own: GET tells, POST moves it forward."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.offset = timedelta(0)
        self.hang = 0.0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.asked = 0

    def _answer(self, request: Request) -> Response:
        self.asked += 1
        if request.method == "POST":
            seconds = request.get_json()["advance_seconds"]
            self.offset += timedelta(seconds=seconds)
        now = datetime.now(tz=UTC) + self.offset
        time.sleep(self.hang)
        self.may_answer.wait()
        return Response(json.dumps({"now": now.isoformat()}), content_type="application/json")


class Gateway:
    """A merchant's client of Konnect, and a payer with a browser, of one sandbox."""

    def __init__(self, sandbox: Sandbox, http: httpx.Client) -> None:
        self.sandbox = sandbox
        self.http = http

    def init(self, **changes: object) -> httpx.Response:
        """init-payment with a good body, changed; a field changed to None is left out."""
        body = {"receiverWalletId": WALLET, "amount": 45_000, "token": "TND", "type": "immediate"} | changes
        kept = {name: value for name, value in body.items() if value is not None}
        return self.http.post(f"{self.sandbox.konnect_url}/payments/init-payment", content=json.dumps(kept))

    def opened(self, **changes: object) -> str:
        """Open a payment; its pay link."""
        answer = self.init(**changes)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["payUrl"])

    def fetch(self, pay_url: str) -> httpx.Response:
        """get-payment, of the payment behind a pay link."""
        return self.http.get(f"{self.sandbox.konnect_url}/payments/{ref_of(pay_url)}")

    def payment(self, pay_url: str) -> dict[str, Any]:
        """Return the payment object that get-payment answers with."""
        answer = self.fetch(pay_url)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["payment"]
        return found

    def click(self, pay_url: str, what: str = "pay", accept: str = "application/json", **query: str) -> httpx.Response:
        """Click for the payer: POST <path of the link>/<what>, the query kept."""
        parts = urlsplit(pay_url)
        more = "".join(f"&{name}={value}" for name, value in query.items())
        target = urlunsplit(parts._replace(path=f"{parts.path}/{what}", query=parts.query + more))
        return self.http.post(target, headers={"Accept": accept})

    def order(self, fault: str, **fields: object) -> str:
        """Order a fault; its id."""
        answer = self.http.post(f"{self.sandbox.url}/faults", json={"fault": fault, **fields})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def get(self, path: str, **query: str) -> httpx.Response:
        """GET a page of the sandbox."""
        return self.http.get(self.sandbox.url + path, params=query)

    def currency(self, pay_url: str) -> str:
        """Return the currency that get-payment reports."""
        return str(self.payment(pay_url)["token"])

    def listed(self, pay_url: str) -> dict[str, Any]:
        """Return the payment as the list of payments shows it."""
        items = self.get("/konnect/payments").json()["items"]
        return next(item for item in items if item["payment_ref"] == ref_of(pay_url))


def ref_of(pay_url: str) -> str:
    """Return the payment reference in a pay link."""
    return parse_qs(urlsplit(pay_url).query)["payment_ref"][0]
