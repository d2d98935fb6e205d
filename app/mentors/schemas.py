"""Shapes of mentors, offerings and weekly hours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow.validate import Length, OneOf, Range

from app.kernel.money import Money
from app.mentors.rules import DAY, WEEKDAYS, WeeklyRule
from app.web.schemas import Input, MoneyField, NextCursor, PageQuery, WholeNumber, like

MAX_PRICE = 10**12
MAX_RULES = 100

_CONTROL_CHARACTERS = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_CONTROL = re.compile(f"[{_CONTROL_CHARACTERS}]")
_LINE = f"^[^{_CONTROL_CHARACTERS}]+$"  # for the API document
_TIME = re.compile(r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")

# As examples show them.
HEADLINE, BIO, SKILL = "Databases, from the first table on", "Twenty years of it, and still curious.", "postgres"
TITLE, DESCRIPTION = "Reading query plans", "Bring one of yours."


class Text(ma.fields.String):
    """Text of people, trimmed, its length in characters."""

    def __init__(self, shortest: int, longest: int, example: str, **kwargs: Any) -> None:
        """Take the bounds of the trimmed text."""
        super().__init__(validate=Length(shortest, longest), metadata=like(example), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return str(super()._deserialize(value, attr, data, **kwargs)).strip()


class Line(Text):
    """Text on one line: it goes into subjects of mails and titles of meetings."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what a text takes."""
        super().__init__(*args, **kwargs)
        self.metadata = {**self.metadata, "pattern": _LINE}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if isinstance(value, str) and _CONTROL.search(value):
            raise ma.ValidationError("Must be one line, without control characters.")
        return super()._deserialize(value, attr, data, **kwargs)


class YesNo(ma.fields.Boolean):
    """A boolean that was written as one: neither 0 nor "false"."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise ma.ValidationError("Must be true or false.")
        return value


class Weekday(ma.fields.Field[int]):
    """A day of the week by its English name; in Python Monday is 0."""

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return WEEKDAYS[value or 0]

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        OneOf(WEEKDAYS)(value)
        return WEEKDAYS.index(value)


class TimeOfDay(ma.fields.Field[int]):
    """A local time as HH:MM, up to 24:00; in Python minutes since midnight."""

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str:
        hours, minutes = divmod(value or 0, 60)
        return f"{hours:02}:{minutes:02}"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if not isinstance(value, str) or not _TIME.fullmatch(value):
            raise ma.ValidationError('Must be a time like "09:00", up to "24:00".')
        return int(value[:2]) * 60 + int(value[3:])


class BecomeMentor(Input):
    """What somebody says to become a mentor."""

    headline = Line(1, 160, HEADLINE, required=True)
    bio = Text(0, 5000, BIO, required=True)
    skills = ma.fields.List(Line(1, 100, SKILL), required=True, validate=Length(max=100))


class ChangeMentor(Input):
    """Any of these; what is not given stays."""

    headline = Line(1, 160, HEADLINE)
    bio = Text(0, 5000, BIO)
    skills = ma.fields.List(Line(1, 100, SKILL), validate=Length(max=100))
    accepting_bookings = YesNo()
    buffer_minutes = WholeNumber(validate=Range(0, 480), metadata=like(10, "between two sessions"))
    min_notice_minutes = WholeNumber(validate=Range(0, 365 * DAY), metadata=like(60))
    horizon_days = WholeNumber(validate=Range(1, 365), metadata=like(60, "how far ahead slots are listed"))


class MentorShape(ma.Schema):
    """A mentor as everybody sees one."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True, metadata=like("Mounir Trabelsi"))
    picture_url = ma.fields.String(required=True, allow_none=True, metadata=like("https://pictures.example/1.jpg"))
    headline = ma.fields.String(required=True, metadata=like(HEADLINE))
    bio = ma.fields.String(required=True, metadata=like(BIO))
    skills = ma.fields.List(ma.fields.String(metadata=like(SKILL)), required=True)
    timezone = ma.fields.String(required=True, metadata=like("Africa/Tunis"))
    accepting_bookings = ma.fields.Boolean(required=True)
    buffer_minutes = ma.fields.Integer(required=True, metadata=like(10))
    min_notice_minutes = ma.fields.Integer(required=True, metadata=like(60))
    horizon_days = ma.fields.Integer(required=True, metadata=like(60))


class MentorQuery(PageQuery):
    """Which mentors: every word of `q` stands in their texts, and `skill` is one of theirs."""

    q = ma.fields.String(load_default="", validate=Length(max=100), metadata=like("databases"))
    skill = ma.fields.String(load_default="", validate=Length(max=100), metadata=like(SKILL))


class MentorPage(ma.Schema):
    """Some of the mentors."""

    items = ma.fields.List(ma.fields.Nested(MentorShape), required=True)
    next_cursor = NextCursor()


def check_price(price: Money) -> None:
    """Refuse a price above the bound, which keeps every sum of prices far inside 64 bits."""
    if price.minor > MAX_PRICE:
        raise ma.ValidationError(f"At most {MAX_PRICE} minor units.")


class NewOffering(Input):
    """A kind of session to offer; the price in minor units, 0 is free."""

    title = Line(1, 120, TITLE, required=True)
    description = Text(0, 4000, DESCRIPTION, required=True)
    duration_minutes = WholeNumber(required=True, validate=Range(5, 480), metadata=like(50))
    price = MoneyField(required=True, validate=check_price)


class ChangeOffering(Input):
    """Any of these; what is not given stays."""

    title = Line(1, 120, TITLE)
    description = Text(0, 4000, DESCRIPTION)
    duration_minutes = WholeNumber(validate=Range(5, 480), metadata=like(50))
    price = MoneyField(validate=check_price)


class OfferingShape(ma.Schema):
    """An offering; `active` is false once it is retired."""

    id = ma.fields.UUID(required=True)
    mentor_id = ma.fields.UUID(required=True)
    title = ma.fields.String(required=True, metadata=like(TITLE))
    description = ma.fields.String(required=True, metadata=like(DESCRIPTION))
    duration_minutes = ma.fields.Integer(required=True, metadata=like(50))
    price = MoneyField(required=True)
    active = ma.fields.Boolean(required=True)


class OfferingPage(ma.Schema):
    """Some of a mentor's offerings."""

    items = ma.fields.List(ma.fields.Nested(OfferingShape), required=True)
    next_cursor = NextCursor()


class RuleShape(Input):
    """Open on this weekday from `start` until before `end`, local time.

    For hours over midnight write two rules, until 24:00 and from 00:00 on the next day: they count as one.
    """

    weekday = Weekday(required=True, metadata={"type": "string", "enum": list(WEEKDAYS)})
    start = TimeOfDay(required=True, metadata={"type": "string", "pattern": _TIME.pattern} | like("09:00"))
    end = TimeOfDay(required=True, metadata={"type": "string", "pattern": _TIME.pattern} | like("17:00"))

    @ma.post_load
    def make(self, data: dict[str, int], **_: Any) -> WeeklyRule:
        """Return the rule."""
        return WeeklyRule(**data)


class AvailabilityShape(Input):
    """The weekly hours in the local time of an IANA zone; they replace all that was said before."""

    timezone = ma.fields.String(required=True, metadata=like("Africa/Tunis", "a place of the IANA time zones, or UTC"))
    rules = ma.fields.List(ma.fields.Nested(RuleShape), required=True, validate=Length(max=MAX_RULES))
