"""Events that only a person can put right become alarms, in words that name nobody."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.gateways.psp.base import PaymentLink, PaymentSnapshot, PaymentStatus
from app.infra.clock import business_now
from app.infra.config import settings
from app.infra.db import session_scope
from app.kernel.money import Money
from app.ledger import accounts
from app.ledger import service as ledger
from app.payments import service as payments
from tests.factories.identity import token_for
from tests.factories.mentors import make_mentor, make_offering
from tests.infra.peer import peer, says
from tests.ops.conftest import CANARY_EMAIL, CANARY_NAME, top_up


def conflict(payment_id, **differently):
    """Have the gateway tell of a paid payment that is not the one we asked for, or tell it differently."""
    told = {
        "payment_ref": payment_id.hex[:24],
        "order_id": str(payment_id),
        "status": PaymentStatus.COMPLETED,
        "amount": 45_000,
        "reached": 45_000,
        "currency": "TND",
        "receiver": settings().konnect_wallet_id,
    }
    with session_scope() as session:
        payments.record_link(session, payment_id, PaymentLink(told["payment_ref"], "http://127.0.0.1/pay"))
    with session_scope() as session:
        found = PaymentSnapshot(**(told | differently))
        payments.settle(session, payment_id, found, had_expired=False, is_last=False)


def dispute(client, learner, reason):
    """Have a paid session booked and a problem reported, and return the booking's id."""
    with session_scope() as session:
        offering = make_offering(session, make_mentor(session, name=CANARY_NAME), title=CANARY_NAME)
        paid = {accounts.psp("konnect"): Money(-45_000, "TND"), accounts.deposit(learner.id): Money(45_000, "TND")}
        ledger.post(session, f"capture:{uuid4()}", "capture", paid)
        tomorrow = (business_now(session) + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
    headers = {**token_for(learner), "Idempotency-Key": str(offering.id)}
    body = {"offering_id": str(offering.id), "starts_at": tomorrow.isoformat(), "note": CANARY_NAME}
    booking = client.post("/api/v1/bookings", json=body, headers=headers).json
    assert booking["status"] == "confirmed"
    reported = client.post(f"/api/v1/bookings/{booking['id']}/report-problem", json={"reason": reason}, headers=headers)
    assert reported.json["status"] == "disputed"
    return booking["id"]


def test_a_conflicted_payment_is_a_critical_anomaly(client, canary, drain, alarms):
    payment_id = top_up(client, canary)
    conflict(payment_id, amount=44_000, reached=44_000)
    drain()
    (alarm,) = alarms()
    assert (alarm["type"], alarm["severity"], alarm["count"]) == ("payment_anomaly", "critical", 1)
    assert alarm["title"] == "A payment is not the one that we asked for"
    assert "suspense:konnect" in alarm["message"]
    assert alarm["related"] == {"kind": "payment", "id": str(payment_id)}
    assert alarm["metadata"] == {"gateway": "konnect", "asked": "45.000 TND", "order_id": None}


def test_every_conflicted_payment_is_an_alarm_of_its_own(client, canary, drain, alarms):
    for _ in range(2):
        conflict(top_up(client, canary), currency="EUR")
    drain()
    assert [alarm["count"] for alarm in alarms()] == [1, 1]


def test_a_gateway_that_refuses_payments_is_one_alarm_that_counts_them(client, canary, drain, alarms, setting):
    with peer(says("401 Unauthorized")) as gateway:
        setting("KONNECT_BASE_URL", gateway.url)
        refused = [top_up(client, canary) for _ in range(3)]
        drain()
    (alarm,) = alarms()
    assert (alarm["type"], alarm["severity"], alarm["count"]) == ("payment_anomaly", "error", 3)
    assert alarm["title"] == "A gateway refuses our payments"
    assert alarm["related"]["kind"] == "payment"
    assert UUID(alarm["related"]["id"]) in refused


def test_a_word_that_we_do_not_know_is_one_alarm_that_counts_its_payments(client, canary, drain, alarms):
    puzzling = [top_up(client, canary) for _ in range(2)]
    for payment_id in puzzling:
        conflict(payment_id, status=PaymentStatus.UNKNOWN)
    drain()
    (alarm,) = alarms()
    assert (alarm["type"], alarm["severity"], alarm["count"]) == ("payment_anomaly", "error", 2)
    assert alarm["title"] == "A gateway does not say whether a payment was paid"
    assert UUID(alarm["related"]["id"]) in puzzling


def test_a_reported_problem_asks_support_to_decide(client, canary, drain, alarms, post):
    booking_id = dispute(client, canary, reason="The mentor did not come.")
    drain()
    (alarm,) = alarms()
    assert (alarm["severity"], alarm["title"]) == ("warning", "A learner reported a problem with a session")
    assert alarm["related"] == {"kind": "booking", "id": booking_id}
    assert f"/api/v1/admin/bookings/{booking_id}/resolve" in alarm["message"]
    assert alarm["metadata"] == {"frozen": "45.000 TND"}


def test_no_alarm_holds_a_name_an_address_or_what_people_wrote(client, canary, drain, alarms, post):
    conflict(top_up(client, canary), amount=44_000)
    dispute(client, canary, reason=f"{CANARY_NAME}, {CANARY_EMAIL}")
    drain()
    found = alarms()
    assert {alarm["type"] for alarm in found} == {"payment_anomaly", "session_issue"}
    for secret in (CANARY_NAME, CANARY_EMAIL, "birdcage"):
        assert secret not in json.dumps(found)


@pytest.mark.usefixtures("services")
def test_every_event_that_the_choreography_sends_here_has_its_words():
    from app.choreography import REACTIONS  # noqa: PLC0415 - it imports every room
    from app.ops.alarms import WRITERS  # noqa: PLC0415

    sent = {event for event, row in REACTIONS.items() for reaction in row if reaction.task.startswith("tasks.ops.")}
    assert sent == set(WRITERS)
