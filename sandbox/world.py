"""Everything the sandbox knows, under one lock."""

from __future__ import annotations

import threading
from typing import cast

from flask import current_app

from sandbox.clock import Clock, Told
from sandbox.faults.orders import Faults
from sandbox.google.clients import Client
from sandbox.google.events import Event, Events
from sandbox.google.grants import Consent, Grants
from sandbox.google.keys import SigningKey
from sandbox.konnect.payments import Payment, Payments
from sandbox.konnect.webhooks import Webhooks
from sandbox.mail.mailbox import Mail, Mailbox
from sandbox.settings import Settings
from sandbox.store import Store


class World:
    """One outside world: its clock, the faults on order, the gateway's payments and webhooks, Google, the mailbox.

    `konnect_api_key` None: every key that is not empty opens the gateway.
    """

    def __init__(self, settings: Settings) -> None:
        lock = threading.RLock()
        self.store = Store(settings.directory)
        self.clock = Clock(settings.clock_url, self.store.shelf("clock", Told))
        self.faults = Faults(lock)
        self.konnect_api_key = settings.konnect_api_key
        self.payments = Payments(lock, self.store.shelf("payments", Payment))
        self.webhooks = Webhooks(self.payments, self.faults, self.clock)
        self.google_client = Client(settings.google_client_id, settings.google_client_secret)
        self.google_key = SigningKey()
        self.grants = Grants(lock, self.store.shelf("refresh tokens", Consent), settings.google_token_seconds)
        self.events = Events(lock, self.store.shelf("events", Event))
        self.mailbox = Mailbox(lock, self.store.shelf("mails", Mail))


def world() -> World:
    """Return the world of the request that is being answered."""
    return cast("World", current_app.extensions["world"])
