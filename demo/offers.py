"""What mentors offer, and when they are open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from demo.dinars import in_dinars

#: Day of the week → spans of (start, end), local times as HH:MM.
Hours = dict[str, list[tuple[str, str]]]

WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


@dataclass(frozen=True)
class Offering:
    """A kind of session; the price in millimes."""

    title: str
    description: str
    minutes: int
    price: int

    @property
    def body(self) -> dict[str, Any]:
        """Return it as the API takes it."""
        return {
            "title": self.title,
            "description": self.description,
            "duration_minutes": self.minutes,
            "price": in_dinars(self.price),
        }


def weekly_hours(timezone: str, hours: Hours) -> dict[str, Any]:
    """Return weekly hours as the API takes them."""
    rules = [{"weekday": day, "start": start, "end": end} for day, spans in hours.items() for start, end in spans]
    return {"timezone": timezone, "rules": rules}


def open_on(*days: str, spans: list[tuple[str, str]]) -> Hours:
    """Return the same spans, (start, end) as HH:MM, for each of these days."""
    return dict.fromkeys(days, spans)
