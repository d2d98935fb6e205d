"""Everything the sandbox knows, in memory, under one lock."""

from __future__ import annotations

import threading
from typing import cast

from flask import current_app

from sandbox.clock import Clock
from sandbox.faults.orders import Faults
from sandbox.konnect.payments import Payments
from sandbox.konnect.webhooks import Webhooks
from sandbox.mail.mailbox import Mailbox


class World:
    """One outside world: its clock, the faults on order, the gateway's payments and webhooks, and the mailbox.

    `konnect_api_key` None: every key that is not empty opens the gateway.
    """

    def __init__(self, *, clock_url: str | None = None, konnect_api_key: str | None = None) -> None:
        lock = threading.RLock()
        self.clock = Clock(clock_url)
        self.faults = Faults(lock)
        self.konnect_api_key = konnect_api_key
        self.payments = Payments(lock)
        self.webhooks = Webhooks(self.payments, self.faults, self.clock)
        self.mailbox = Mailbox(lock)


def world() -> World:
    """Return the world of the request that is being answered."""
    return cast("World", current_app.extensions["world"])
