"""Money is a whole number of minor units and a currency; there is no float anywhere near it."""

from __future__ import annotations

from dataclasses import dataclass

from app.kernel.errors import InvalidInput

#: How many decimals a currency shows (ISO 4217). The database keeps the same table in ledger.currency.
EXPONENTS = {"TND": 3, "EUR": 2, "USD": 2, "JPY": 0}

BASIS_POINTS = 10_000


class UnsupportedCurrency(InvalidInput):
    """No configured gateway can both capture and pay out this currency.

    Konnect takes and pays out Tunisian dinars (TND). Other currencies come with other gateways.
    """

    code = "unsupported_currency"


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met in one calculation: a mistake in our own code."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (millimes for TND, cents for EUR), signed, of one currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse anything but a whole number of a currency that we know."""
        if type(self.minor) is not int:
            raise TypeError(f"money is counted in whole minor units, not in {type(self.minor).__name__}")
        if self.currency not in EXPONENTS:
            raise UnsupportedCurrency(f"The currency {self.currency!r} is not one of {', '.join(EXPONENTS)}.")

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return nothing, in this currency."""
        return cls(0, currency)

    def __add__(self, other: Money) -> Money:
        """Add an amount of the same currency."""
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Take away an amount of the same currency."""
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        """Turn the sign."""
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        """Compare with an amount of the same currency."""
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        """Compare with an amount of the same currency."""
        return self.minor <= self._same(other)

    def __bool__(self) -> bool:
        """Tell whether there is anything at all."""
        return self.minor != 0

    def __str__(self) -> str:
        """Show the amount as people write it: 45.000 TND."""
        exponent = EXPONENTS[self.currency]
        sign = "-" if self.minor < 0 else ""
        digits = str(abs(self.minor)).rjust(exponent + 1, "0")
        shown = f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits
        return f"{sign}{shown} {self.currency}"

    def share(self, basis_points: int) -> Money:
        """Return this part of a non-negative amount, rounded half up; whoever gets the rest loses no millime."""
        if self.minor < 0 or basis_points < 0:
            raise ValueError("only a non-negative amount has a share")
        return Money((self.minor * basis_points + BASIS_POINTS // 2) // BASIS_POINTS, self.currency)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self} and {other} cannot be reckoned together")
        return other.minor
