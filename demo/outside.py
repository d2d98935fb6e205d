"""The outside world of the demo: its mailbox, its payment gateway, and the faults that can be ordered there."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from demo.failures import Failed, Unexpected
from demo.waiting import Look, Patience
from demo.wire import open_page, succeed

#: The link of a mail that proves an address, by what it carries.
_LINK = re.compile(r"[?&]token=([\w.~-]{16,})")


@dataclass(frozen=True)
class Outside:
    """The sandbox, as a mail reader and a payer use it, and as somebody who wants to see things fail."""

    url: str
    patience: Patience
    _ordered: list[str] = field(default_factory=list)

    def mails(self, to: str) -> list[Any]:
        """Return the mails of an address, newest first."""
        found: list[Any] = succeed("GET", f"{self.url}/mailbox?{urlencode({'to': to})}")["items"]
        return found

    def wait_for_mails(self, to: str, about: str, count: int) -> list[Any]:
        """Return the mails whose subject names something, oldest first, once there are so many; raise NotInTime.

        A mail that came twice is one: it bears the same Message-ID.
        """

        def look() -> Look[list[Any]]:
            mails = self.mails(to)
            found = {mail["message_id"]: mail for mail in reversed(mails) if about in mail["subject"]}
            return Look(list(found.values()) if len(found) >= count else None, _subjects(mails))

        return self.patience.until(f"{count} mails about {about!r} in the mailbox of {to}", look)

    def wait_for_link(self, to: str) -> str:
        """Return the token of the newest link that was mailed to an address; raise NotInTime."""

        def look() -> Look[str]:
            mails = self.mails(to)
            found = next((link[1] for mail in mails if (link := _LINK.search(mail["text"]))), None)
            return Look(found, _subjects(mails))

        return self.patience.until(f"a mail with a confirmation link in the mailbox of {to}", look)

    def order_fault(self, fault: str, **fields: object) -> None:
        """Have something go wrong."""
        self._ordered.append(succeed("POST", f"{self.url}/faults", {"fault": fault, **fields})["id"])

    def end_faults(self) -> None:
        """End what was ordered here and has not struck; one that is forgotten already, or a sandbox away, is fine."""
        with suppress(Failed):
            for fault in self._ordered:
                succeed("DELETE", f"{self.url}/faults/{fault}")
        self._ordered.clear()

    def open_pay_page(self, pay_url: str) -> str:
        """Return the page behind a pay link, as a browser gets it."""
        return open_page(pay_url)

    def click_pay(self, pay_url: str) -> None:
        """Press the button of the pay page."""
        page, _, query = pay_url.partition("?")
        succeed("POST", f"{page}/pay?{query}")

    def payment_at_konnect(self, order_id: str) -> Any:
        """Return what the gateway holds under one of our ids; raise Unexpected unless it is one payment."""
        answer = succeed("GET", f"{self.url}/konnect/payments?{urlencode({'order_id': order_id})}")
        if len(answer["items"]) != 1:
            raise Unexpected(answer.call, "with one payment", f"with {len(answer['items'])}")
        return answer["items"][0]

    def wait_for_webhooks(self, order_id: str, count: int) -> list[int]:
        """Return how so many calls of a payment's webhook were answered; raise NotInTime."""

        def look() -> Look[list[int]]:
            calls = self.payment_at_konnect(order_id)["webhook_calls"]
            return Look([call["status"] for call in calls] if len(calls) >= count else None, f"{len(calls)} calls")

        return self.patience.until(f"{count} calls of the webhook by Konnect", look)


def _subjects(mails: list[Any]) -> str:
    return ", ".join(repr(mail["subject"]) for mail in mails) or "an empty mailbox"
