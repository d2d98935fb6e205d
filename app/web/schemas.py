"""Shapes that all rooms share: strict input, money, instants, pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import marshmallow as ma
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from app.kernel.clock import rfc3339
from app.kernel.money import EXPONENTS, Money, UnsupportedCurrency

BIGINT_MAX = 2**63 - 1

#: What examples show.
EXAMPLE_ID, EXAMPLE_INSTANT = "01a1fad5-4f71-7c02-a3ed-2a6e275bfec1", "2026-11-23T09:00:00Z"
EXAMPLE_HOUR_LATER = "2026-11-23T10:00:00Z"
EXAMPLE_CURSOR = "WyIyMDI2LTExLTIzIl0"

#: What stands in paths.
ID_IN_A_PATH = {"type": "string", "format": "uuid", "examples": [EXAMPLE_ID]}
TEXT_IN_A_PATH = {"type": "string", "minLength": 1, "examples": ["x4Gk9dT2bVq0nRz7LmPw3sYc8hJf5uAeK1oXi6tNgBE"]}

#: Beyond these no session, deadline or window can be meant, and arithmetic on instants would overflow.
EARLIEST_YEAR, LATEST_YEAR = 1970, 2200


_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DIGITS = re.compile(r"-?\d{1,19}", re.ASCII)


def like(example: object, description: str | None = None) -> dict[str, Any]:
    """Return what the API document shows of a field beside its type: `metadata=like("Africa/Tunis")`."""
    return {"examples": [example]} | ({"description": description} if description else {})


class Input(ma.Schema):
    """A request body: a field that we do not know is refused, so that a typing mistake cannot pass in silence."""

    class Meta:
        """Refuse unknown fields."""

        unknown = ma.RAISE


class Query(ma.Schema):
    """Parameters of a query. What is not given is None inside; outside there is no way to write null."""

    def on_bind_field(self, field_name: str, field_obj: ma.fields.Field[Any]) -> None:
        """Tell the document that a default of None is none that a client could send."""
        field_obj.allow_none = False


class WholeNumber(ma.fields.Integer):
    """An integer that was written as one: neither 60.0 nor "60" nor true."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if type(value) is not int:
            raise ma.ValidationError("Must be a whole number, written without quotes, point or exponent.")
        return super()._deserialize(value, attr, data, **kwargs)


class Digits(ma.fields.Integer):
    """An integer in a query: digits and nothing else, where Python would also read 1_000 and ٣."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not _DIGITS.fullmatch(str(value)):
            raise ma.ValidationError("Must be a whole number.")
        return super()._deserialize(value, attr, data, **kwargs)


class Id(ma.fields.UUID):
    """A UUID as we write it, with its hyphens: Python would also read it in braces or after urn:uuid:."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> UUID:
        if not isinstance(value, str) or not _UUID.fullmatch(value):
            raise self.make_error("invalid_uuid")
        return super()._deserialize(value, attr, data, **kwargs)


class Instant(ma.fields.DateTime):
    """RFC 3339 with an offset; shown in UTC with Z."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else rfc3339(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        try:
            parsed = datetime.fromisoformat(value) if isinstance(value, str) and _RFC3339.fullmatch(value) else None
        except ValueError:
            parsed = None
        if parsed is None:
            raise ma.ValidationError("Must be a time like 2026-11-20T14:00:00Z, with its offset.")
        if not EARLIEST_YEAR <= parsed.year <= LATEST_YEAR:
            raise ma.ValidationError(f"Must lie between the years {EARLIEST_YEAR} and {LATEST_YEAR}.")
        return parsed.astimezone(UTC)


class MoneyInput(Input):
    """Money that is sent; `formatted`, which answers have, may be sent back and is not looked at."""

    amount = WholeNumber(
        required=True, validate=ma.validate.Range(0, BIGINT_MAX), metadata=like(45_000, "minor units: millimes for TND")
    )
    currency = ma.fields.String(required=True, metadata={"enum": list(EXPONENTS)})
    formatted = ma.fields.String(metadata=like("45.000 TND"))


class MoneyShape(ma.Schema):
    """Money as answers show it."""

    amount = ma.fields.Integer(
        required=True, metadata=like(45_000, "minor units: millimes for TND") | {"format": "int64"}
    )
    currency = ma.fields.String(required=True, validate=ma.validate.OneOf(list(EXPONENTS)))
    formatted = ma.fields.String(required=True, metadata=like("45.000 TND"))


class MoneyField(ma.fields.Field[Money]):
    """`{"amount": 45000, "currency": "TND"}` in minor units; answers also carry `formatted`."""

    def _serialize(self, value: Money | None, attr: str | None, obj: Any, **kwargs: Any) -> dict[str, Any] | None:
        if value is None:
            return None
        return {"amount": value.minor, "currency": value.currency, "formatted": str(value)}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Money:
        if not isinstance(value, dict):
            raise ma.ValidationError('Must be an object like {"amount": 45000, "currency": "TND"}.')
        found = MoneyInput().load(value)
        try:
            return Money(found["amount"], found["currency"])
        except UnsupportedCurrency as refusal:
            raise UnsupportedCurrency(refusal.detail, pointer=f"/{attr}/currency") from None


def describe_fields(plugin: MarshmallowPlugin, spec: APISpec) -> None:
    """Teach apispec our own fields."""
    spec.components.schema("Money", schema=MoneyShape)
    spec.components.schema("MoneyInput", schema=MoneyInput)
    plugin.converter.add_attribute_function(describe_field)  # type: ignore[union-attr]  # made by APISpec


def describe_field(_converter: object, field: ma.fields.Field[Any], ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Refer to the shape of money, give ids and instants an example, and leave out defaults that nobody can send."""
    if isinstance(field, MoneyField):
        return {"$ref": f"#/components/schemas/{'MoneyInput' if isinstance(field.root, Input) else 'Money'}"}
    if ret.get("default", ...) is None:
        del ret["default"]
    if ret.get("pattern", "").endswith(r"\Z"):  # Python's end of a text; JSON Schema has no other end than $
        return {"pattern": f"^{ret['pattern'][:-2]}$"}
    if "examples" in field.metadata:
        return {}
    if isinstance(field, ma.fields.UUID):
        return {"examples": [EXAMPLE_ID]}
    return {"examples": [EXAMPLE_INSTANT]} if isinstance(field, Instant) else {}


class NextCursor(ma.fields.String):
    """Where a list goes on."""

    def __init__(self) -> None:
        """Be there always, and null at the end."""
        described = like(EXAMPLE_CURSOR, "the `cursor` of the next page; null at the end")
        super().__init__(required=True, allow_none=True, metadata=described)


class PageQuery(Query):
    """How much of a list, and from where."""

    limit = Digits(load_default=50, validate=ma.validate.Range(1, 100))
    cursor = ma.fields.String(load_default=None, metadata=like(EXAMPLE_CURSOR, "the `next_cursor` of the page before"))
