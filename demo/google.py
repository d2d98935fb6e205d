"""Google as the demo meets it: a consent page in a browser, and what stands in a calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from demo.failures import Unexpected
from demo.waiting import Look, Patience
from demo.wire import open_page, send, succeed

#: The property of an event that says which booking it stands for.
BOOKING = "amana_session"


@dataclass(frozen=True)
class Google:
    """The sandbox, as somebody who owns a calendar uses it."""

    url: str
    patience: Patience

    def allow(self, authorization_url: str, email: str) -> dict[str, str]:
        """Look at the consent page, click Allow, go where the browser is sent; return what the address there says."""
        open_page(authorization_url)
        page, _, query = authorization_url.partition("?")
        answer = send("POST", f"{page}/allow?{query}&{urlencode({'email': email})}")
        back = answer.headers.get("Location")
        if not back:
            raise Unexpected(answer.call, "with the way back", answer.shown)
        open_page(back)
        return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}

    def event_of(self, booking: str, email: str) -> Any:
        """Return the event that stands for a booking in a calendar, None when there is none."""
        listed = succeed("GET", f"{self.url}/google/events?{urlencode({'email': email})}")["items"]
        own = [event for event in listed if event["extendedProperties"]["private"].get(BOOKING) == booking]
        return own[0] if own else None

    def wait_for_event(self, booking: str, email: str) -> Any:
        """Return the event of a booking as soon as it stands there; raise NotInTime."""
        return self.patience.until(
            "the session in Mounir's Google calendar",
            lambda: Look(self.event_of(booking, email), "a calendar without it"),
        )

    def wait_for_removal(self, booking: str, email: str) -> None:
        """Return when the event of a booking stands there no more; raise NotInTime."""
        self.patience.until(
            "the cancelled session out of Mounir's Google calendar",
            lambda: Look(None if self.event_of(booking, email) else True, "it is still there"),
        )
