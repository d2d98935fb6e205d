"""Shapes of mentors, offerings and weekly hours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow.validate import Length, OneOf, Range

from app.kernel.money import Money
from app.mentors.rules import DAY, WEEKDAYS, WeeklyRule
from app.web.schemas import Input, MoneyField, PageQuery, WholeNumber

MAX_PRICE = 10**12
MAX_RULES = 100

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


class Text(ma.fields.String):
    """Text of people, trimmed, its length in characters."""

    def __init__(self, shortest: int, longest: int, **kwargs: Any) -> None:
        """Take the bounds of the trimmed text."""
        super().__init__(validate=Length(shortest, longest), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return str(super()._deserialize(value, attr, data, **kwargs)).strip()


class Line(Text):
    """Text on one line: it goes into subjects of mails and titles of meetings."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        line = super()._deserialize(value, attr, data, **kwargs)
        if _CONTROL.search(line):
            raise ma.ValidationError("Must be one line, without control characters.")
        return line


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

    headline = Line(1, 160, required=True)
    bio = Text(0, 5000, required=True)
    skills = ma.fields.List(Line(1, 100), required=True, validate=Length(max=100))


class ChangeMentor(Input):
    """Any of these; what is not given stays."""

    headline = Line(1, 160)
    bio = Text(0, 5000)
    skills = ma.fields.List(Line(1, 100), validate=Length(max=100))
    accepting_bookings = YesNo()
    buffer_minutes = WholeNumber(validate=Range(0, 480))
    min_notice_minutes = WholeNumber(validate=Range(0, 365 * DAY))
    horizon_days = WholeNumber(validate=Range(1, 365))


class MentorShape(ma.Schema):
    """A mentor as everybody sees one."""

    id = ma.fields.UUID()
    name = ma.fields.String()
    picture_url = ma.fields.String(allow_none=True)
    headline = ma.fields.String()
    bio = ma.fields.String()
    skills = ma.fields.List(ma.fields.String())
    timezone = ma.fields.String()
    accepting_bookings = ma.fields.Boolean()
    buffer_minutes = ma.fields.Integer()
    min_notice_minutes = ma.fields.Integer()
    horizon_days = ma.fields.Integer()


class MentorQuery(PageQuery):
    """Which mentors: every word of `q` stands in their texts, and `skill` is one of theirs."""

    q = ma.fields.String(load_default="", validate=Length(max=100))
    skill = ma.fields.String(load_default="", validate=Length(max=100))


class MentorPage(ma.Schema):
    """Some of the mentors."""

    items = ma.fields.List(ma.fields.Nested(MentorShape))
    next_cursor = ma.fields.String(allow_none=True)


def check_price(price: Money) -> None:
    """Refuse a price above the bound, which keeps every sum of prices far inside 64 bits."""
    if price.minor > MAX_PRICE:
        raise ma.ValidationError(f"At most {MAX_PRICE} minor units.")


class NewOffering(Input):
    """A kind of session to offer; the price in minor units, 0 is free."""

    title = Line(1, 120, required=True)
    description = Text(0, 4000, required=True)
    duration_minutes = WholeNumber(required=True, validate=Range(5, 480))
    price = MoneyField(required=True, validate=check_price)


class ChangeOffering(Input):
    """Any of these; what is not given stays."""

    title = Line(1, 120)
    description = Text(0, 4000)
    duration_minutes = WholeNumber(validate=Range(5, 480))
    price = MoneyField(validate=check_price)


class OfferingShape(ma.Schema):
    """An offering; `active` is false once it is retired."""

    id = ma.fields.UUID()
    mentor_id = ma.fields.UUID()
    title = ma.fields.String()
    description = ma.fields.String()
    duration_minutes = ma.fields.Integer()
    price = MoneyField()
    active = ma.fields.Boolean()


class OfferingPage(ma.Schema):
    """Some of a mentor's offerings."""

    items = ma.fields.List(ma.fields.Nested(OfferingShape))
    next_cursor = ma.fields.String(allow_none=True)


class RuleShape(Input):
    """Open on this weekday from `start` until before `end`, local time.

    For hours over midnight write two rules, until 24:00 and from 00:00 on the next day: they count as one.
    """

    weekday = Weekday(required=True, metadata={"type": "string", "enum": list(WEEKDAYS)})
    start = TimeOfDay(required=True, metadata={"type": "string", "example": "09:00"})
    end = TimeOfDay(required=True, metadata={"type": "string", "example": "17:00"})

    @ma.post_load
    def make(self, data: dict[str, int], **_: Any) -> WeeklyRule:
        """Return the rule."""
        return WeeklyRule(**data)


class AvailabilityShape(Input):
    """The weekly hours in the local time of an IANA zone; they replace all that was said before."""

    timezone = ma.fields.String(required=True, metadata={"example": "Africa/Tunis"})
    rules = ma.fields.List(ma.fields.Nested(RuleShape), required=True, validate=Length(max=MAX_RULES))
