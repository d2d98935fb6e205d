"""Which payment gateways there are, and which one takes a payment."""

from __future__ import annotations

from functools import cache

from app.gateways.psp.base import Gateway
from app.gateways.psp.konnect import Konnect
from app.infra.config import settings
from app.kernel.money import UnsupportedCurrency


@cache
def gateways() -> dict[str, Gateway]:
    """Return the configured gateways by name, in the order of preference."""
    chosen = settings()
    konnect = Konnect(
        base_url=chosen.konnect_base_url.rstrip("/"),
        api_key=chosen.konnect_api_key,
        wallet_id=chosen.konnect_wallet_id,
        pay_hosts=chosen.konnect_pay_hosts,
        minimum=chosen.konnect_minimum,
        step=chosen.konnect_step,
    )
    return {konnect.name: konnect}


def gateway(name: str) -> Gateway:
    """Return a gateway by its name; KeyError when it is configured no more."""
    return gateways()[name]


def gateway_for(currency: str, *, pointer: str = "") -> Gateway:
    """Return the gateway that captures a currency; raise UnsupportedCurrency, about this field, when none does."""
    for candidate in gateways().values():
        if currency in candidate.capabilities.currencies:
            return candidate
    raise UnsupportedCurrency(
        f"No gateway can capture and pay out {currency}; take one of {_listed()}.", pointer=pointer
    )


def supported_currencies() -> frozenset[str]:
    """Return the currencies that some gateway can both capture and pay out."""
    return frozenset().union(*(candidate.capabilities.currencies for candidate in gateways().values()))


def _listed() -> str:
    return ", ".join(sorted(supported_currencies()))
