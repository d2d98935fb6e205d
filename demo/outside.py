"""The outside world of the demo: its mailbox, its payment gateway, and the faults that can be ordered there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from demo.failures import Unexpected
from demo.waiting import Look, Patience
from demo.wire import Answer, send

#: The link of a mail that proves an address, by what it carries.
_LINK = re.compile(r"[?&]token=([\w.~-]{16,})")


@dataclass(frozen=True)
class Outside:
    """The sandbox, as a mail reader and a payer use it."""

    url: str
    patience: Patience

    def mails(self, to: str) -> list[Any]:
        """Return the mails of an address, newest first."""
        found: list[Any] = _ok("GET", f"{self.url}/mailbox?{urlencode({'to': to})}")["items"]
        return found

    def wait_for_mail(self, to: str, about: str) -> Any:
        """Return the first mail to come whose subject names something; raise NotInTime."""

        def look() -> Look[Any]:
            mails = self.mails(to)
            found = next((mail for mail in mails if about in mail["subject"]), None)
            return Look(found, _subjects(mails))

        return self.patience.until(f"a mail about {about!r} in the mailbox of {to}", look)

    def wait_for_link(self, to: str) -> str:
        """Return the token of the newest link that was mailed to an address; raise NotInTime."""

        def look() -> Look[str]:
            mails = self.mails(to)
            found = next((link[1] for mail in mails if (link := _LINK.search(mail["text"]))), None)
            return Look(found, _subjects(mails))

        return self.patience.until(f"a mail with a confirmation link in the mailbox of {to}", look)

    def order_fault(self, fault: str, **fields: object) -> None:
        """Have the gateway do something wrong."""
        _ok("POST", f"{self.url}/faults", {"fault": fault, **fields})

    def open_pay_page(self, pay_url: str) -> str:
        """Return the page behind a pay link, as a browser gets it."""
        answer = send("GET", pay_url, headers={"Accept": "text/html"})
        if not answer.is_success:
            raise Unexpected(answer.call, "with a page to pay on", answer.shown)
        return answer.content.decode()

    def click_pay(self, pay_url: str) -> None:
        """Press the button of the pay page."""
        page, _, query = pay_url.partition("?")
        _ok("POST", f"{page}/pay?{query}")

    def payment_at_konnect(self, payment_id: str) -> Any:
        """Return what the gateway holds under one of our payments; raise Unexpected unless it is one payment."""
        answer = _ok("GET", f"{self.url}/konnect/payments?{urlencode({'order_id': payment_id})}")
        if len(answer["items"]) != 1:
            raise Unexpected(answer.call, "with one payment", f"with {len(answer['items'])}")
        return answer["items"][0]


def _ok(method: str, url: str, body: object = None) -> Answer:
    answer = send(method, url, body=body)
    if not answer.is_success:
        raise Unexpected(answer.call, "with a success", answer.shown)
    return answer


def _subjects(mails: list[Any]) -> str:
    return ", ".join(repr(mail["subject"]) for mail in mails) or "an empty mailbox"
