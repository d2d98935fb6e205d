"""The world of money of tests/payments, with mentors who want theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from tests.payments.conftest import api, configure, gateway, http
from tests.payouts.world import PayoutWorld
from tests.sandbox.peers import Gateway

__all__ = ["api", "configure", "gateway", "http"]


@pytest.fixture
def world(client: FlaskClient, gateway: Gateway, drain: Callable[..., int]) -> Iterator[PayoutWorld]:
    """Return a world with nobody in it yet; at the end of each test its books must be right."""
    made = PayoutWorld(client, gateway, drain)
    yield made
    made.check_books()
