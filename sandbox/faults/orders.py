"""The faults on order: who meets one, how often it strikes, and its end."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.faults.catalogue import KINDS, InvalidOrderError, read_order

MOST_FAULTS = 1000


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is happening just now: which call, of which group, about which order, payment, address or event."""

    on: str | None = None
    group: str | None = None
    order_id: str | None = None
    payment_ref: str | None = None
    to: str | None = None
    email: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """One order at one instant. `remaining` None: it strikes until it is ended; `seconds`: see its kind.

    `over` is set when the fault is ended: whoever waits because of it stops waiting.
    """

    id: str
    kind: str
    remaining: int | None
    hits: int = 0
    over: threading.Event = field(default_factory=threading.Event, compare=False)
    seconds: float = 0
    on: str | None = None
    amount: int | None = None
    currency: str = ""
    copies: int = 0
    megabytes: int = 0
    location: str = ""
    receiver_wallet: str = ""
    other_order_id: str = ""
    reason: str = ""
    status: int = 0
    polls: int = 0
    order_id: str | None = None
    payment_ref: str | None = None
    to: str | None = None
    email: str | None = None
    summary: str | None = None

    def strikes(self, kind: str, occasion: Occasion) -> bool:
        """Tell whether it is of this kind, not used up, and lets the occasion through its filters."""
        return (
            self.kind == kind
            and self.remaining != 0
            and self.on in {None, "any", occasion.on, occasion.group}
            and self.order_id in {None, occasion.order_id}
            and self.payment_ref in {None, occasion.payment_ref}
            and _same_address(self.to, occasion.to)
            and _same_address(self.email, occasion.email)
            and (self.summary is None or self.summary in (occasion.summary or ""))
        )

    def as_json(self) -> dict[str, Any]:
        """Show the fault as it was ordered, with its id, what remains of it, and how often it struck."""
        ordered = {name: getattr(self, name) for name in KINDS[self.kind].defaults}
        return {"id": self.id, "fault": self.kind, "count": self.remaining, "hits": self.hits, **ordered}


class Faults:
    """All faults on order, oldest first; the oldest that fits an occasion strikes first."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._faults: dict[str, Fault] = {}

    def order(self, body: Mapping[str, Any]) -> Fault:
        """Order one fault; raises `InvalidOrderError`."""
        values = read_order(body)
        fault = Fault(id=secrets.token_hex(6), remaining=values.pop("count"), **values)
        with self._lock:
            if len(self._faults) >= MOST_FAULTS:
                self._faults = {key: old for key, old in self._faults.items() if old.remaining != 0}
            if len(self._faults) >= MOST_FAULTS:
                raise InvalidOrderError(f"{MOST_FAULTS} faults are on order already; end them with DELETE /faults")
            self._faults[fault.id] = fault
        return fault

    def take(self, kind: str, occasion: Occasion) -> Fault | None:
        """Return the fault of this kind that strikes now, and count it; None when all goes well."""
        with self._lock:
            struck = next((fault for fault in self._faults.values() if fault.strikes(kind, occasion)), None)
            if struck is not None:
                left = None if struck.remaining is None else struck.remaining - 1
                self._faults[struck.id] = replace(struck, remaining=left, hits=struck.hits + 1)
            return struck

    def listed(self) -> list[Fault]:
        """List every fault on order, the ones used up too, oldest first."""
        with self._lock:
            return list(self._faults.values())

    def end(self, fault_id: str) -> bool:
        """End one fault and release whoever it holds; False when there is none of this id."""
        with self._lock:
            fault = self._faults.pop(fault_id, None)
        if fault is not None:
            fault.over.set()
        return fault is not None

    def end_all(self) -> None:
        """End every fault and release every connection that one of them holds."""
        with self._lock:
            ended, self._faults = self._faults, {}
        for fault in ended.values():
            fault.over.set()


def _same_address(wanted: str | None, met: str | None) -> bool:
    return wanted is None or wanted.lower() == (met or "").lower()
