"""Which gateway does what: capabilities, by currency."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Capabilities:
    """The currencies (ISO 4217) in which a gateway takes money from payers, and in which it pays out."""

    captures: frozenset[str]
    pays_out: frozenset[str]


#: Konnect charges and pays wallets in Tunisian dinars only.
KONNECT = Capabilities(captures=frozenset({"TND"}), pays_out=frozenset({"TND"}))

GATEWAYS = {"konnect": KONNECT}


def supported_currencies() -> frozenset[str]:
    """Return the currencies that some gateway can capture and pay out: what a session may be priced in."""
    return frozenset().union(*(gateway.captures & gateway.pays_out for gateway in GATEWAYS.values()))
