"""Shapes that all rooms share: strict input, money, instants, pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma

from app.kernel.clock import rfc3339
from app.kernel.money import EXPONENTS, Money, UnsupportedCurrency

BIGINT_MAX = 2**63 - 1

#: Beyond these no session, deadline or window can be meant, and arithmetic on instants would overflow.
EARLIEST_YEAR, LATEST_YEAR = 1970, 2200


class Input(ma.Schema):
    """A request body: a field that we do not know is refused, so that a typing mistake cannot pass in silence."""

    class Meta:
        """Refuse unknown fields."""

        unknown = ma.RAISE


class WholeNumber(ma.fields.Integer):
    """An integer that was written as one: neither 60.0 nor "60" nor true."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if type(value) is not int:
            raise ma.ValidationError("Must be a whole number, written without quotes, point or exponent.")
        return super()._deserialize(value, attr, data, **kwargs)


class Instant(ma.fields.Field[datetime]):
    """RFC 3339 with an offset; shown in UTC with Z."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else rfc3339(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        try:
            parsed = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value.upper() else None
        except ValueError:
            parsed = None
        if parsed is None or parsed.tzinfo is None:
            raise ma.ValidationError("Must be a time like 2026-11-20T14:00:00Z, with its offset.")
        if not EARLIEST_YEAR <= parsed.year <= LATEST_YEAR:
            raise ma.ValidationError(f"Must lie between the years {EARLIEST_YEAR} and {LATEST_YEAR}.")
        return parsed.astimezone(UTC)


class _MoneyIn(Input):
    amount = WholeNumber(required=True, validate=ma.validate.Range(0, BIGINT_MAX))
    currency = ma.fields.String(required=True)


class MoneyField(ma.fields.Field[Money]):
    """`{"amount": 45000, "currency": "TND"}` in minor units; answers also carry `formatted`."""

    def _serialize(self, value: Money | None, attr: str | None, obj: Any, **kwargs: Any) -> dict[str, Any] | None:
        if value is None:
            return None
        return {"amount": value.minor, "currency": value.currency, "formatted": str(value)}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Money:
        if not isinstance(value, dict):
            raise ma.ValidationError('Must be an object like {"amount": 45000, "currency": "TND"}.')
        found = _MoneyIn().load({key: inner for key, inner in value.items() if key != "formatted"})
        try:
            return Money(found["amount"], found["currency"])
        except UnsupportedCurrency as refusal:
            raise UnsupportedCurrency(refusal.detail, pointer=f"/{attr}/currency") from None


def document_money(_converter: object, field: ma.fields.Field[Any], **_: Any) -> dict[str, Any]:
    """Describe money in OpenAPI (an attribute function of apispec's marshmallow plugin)."""
    if not isinstance(field, MoneyField):
        return {}
    return {
        "type": "object",
        "required": ["amount", "currency"],
        "properties": {
            "amount": {"type": "integer", "format": "int64", "description": "minor units"},
            "currency": {"type": "string", "enum": list(EXPONENTS)},
            "formatted": {"type": "string", "readOnly": True, "example": "45.000 TND"},
        },
    }


def document_instant(_converter: object, field: ma.fields.Field[Any], **_: Any) -> dict[str, Any]:
    """Describe instants in OpenAPI."""
    return {"type": "string", "format": "date-time"} if isinstance(field, Instant) else {}


class PageQuery(ma.Schema):
    """How much of a list, and from where."""

    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 100))
    cursor = ma.fields.String(load_default=None)
