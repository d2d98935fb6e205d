"""The product on a database that each walk finds empty, with a gateway that calls nobody by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from flask import Flask

from embedded.cluster import Database
from embedded.ports import LOOPBACK
from embedded.services import Services
from sandbox.server import Sandbox
from tests.booking.conftest import Configure, configure
from tests.emptied import empty
from tests.model.product import Product
from tests.patience import PATIENCE_SECONDS

__all__ = ["configure"]

pytest.register_assert_rewrite("tests.model.walk")


@pytest.fixture
def outside(configure: Configure) -> Iterator[Sandbox]:
    """Run the gateway; walks send its pings themselves."""
    with Sandbox() as running:
        running.world.webhooks.stop()
        configure(KONNECT_BASE_URL=running.konnect_url, KONNECT_PAY_HOSTS=LOOPBACK, SMTP_URL=running.smtp_url)
        yield running


@pytest.fixture
def new_product(
    flask_app: Flask, outside: Sandbox, services: Services, database: Database
) -> Iterator[Callable[[], Product]]:
    """Return a function that empties the database and returns the product on it."""
    with httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False) as http:

        def make() -> Product:
            empty(services, database.name)
            return Product(flask_app.test_client(), outside, http)

        yield make
