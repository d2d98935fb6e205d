"""What the tests of notifications share: people at the door, and one alarm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.identity.service import Person
from app.infra.db import session_scope
from app.kernel.ids import new_id
from app.notifications import service
from app.notifications.service import Alarm, News
from app.notifications.states import AlarmType, Severity
from embedded.cluster import Database
from tests.factories.identity import MadeUser, make_user, token_for


@pytest.fixture
def amina(database: Database) -> MadeUser:
    """Return a learner."""
    with session_scope() as session:
        return make_user(session)


@pytest.fixture
def support(database: Database) -> MadeUser:
    """Return somebody of the back office."""
    with session_scope() as session:
        return make_user(session, roles=["support"])


@pytest.fixture
def alarms(client: FlaskClient, support: MadeUser) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that lists alarms over HTTP as support sees them, by filters."""

    def listed(**query: Any) -> list[dict[str, Any]]:
        answer = client.get("/api/v1/admin/notifications", query_string=query, headers=token_for(support))
        items: list[dict[str, Any]] = answer.json["items"]
        return items

    return listed


def alarm(cause: str = "the mill stands still", **changes: Any) -> Alarm:
    """Return an alarm, changed."""
    told: dict[str, Any] = {
        "type": AlarmType.SYSTEM_ERROR,
        "severity": Severity.ERROR,
        "title": "The mill stands still",
        "message": "No wind.",
        "cause": cause,
        "related_kind": "delivery",
        "related_id": new_id(),
        "metadata": {"attempts": 3},
    }
    return Alarm(**(told | changes))


def raised(*alarms: Alarm) -> None:
    """Raise alarms, each in a transaction of its own."""
    for one in alarms:
        with session_scope() as session:
            service.raise_alarm(session, one)


def news(user: MadeUser, **changes: Any) -> News:
    """Return news for a user, changed."""
    told: dict[str, Any] = {
        "reader": Person(user.id, user.name, user.email, user.timezone),
        "type": "booking_confirmed",
        "title": "Confirmed",
        "message": "It takes place.",
        "metadata": {"places": 1},
    }
    return News(**(told | changes))


def notified(user: MadeUser, *titles: str) -> None:
    """Tell a user news, each of a fact of its own."""
    for title in titles:
        with session_scope() as session:
            service.tell(session, new_id(), [news(user, title=title)])
