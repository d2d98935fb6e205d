"""The inbox of payout links: as strict as that of payments, and a storm of pings costs nothing."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from app.infra import crypto
from app.infra.metrics.pending import pending
from app.payments.service.attempts import WEBHOOK_LABEL as PAYMENT_LABEL
from app.payouts.models import PayoutAttempt
from app.payouts.service.links import WEBHOOK_LABEL
from tests.ops.scrape import pings
from tests.payments.conftest import Configure
from tests.payments.world import API
from tests.payouts.world import PayoutWorld
from tests.sandbox.peers import ref_of

STRANGER = "f" * 24


@pytest.fixture
def attempt(world: PayoutWorld) -> PayoutAttempt:
    """Return a link that waits to be paid."""
    payout_id = world.requested(world.earner())
    world.approved(payout_id)
    (made,) = world.attempts(payout_id)
    return made


@pytest.fixture
def orphan(world: PayoutWorld) -> PayoutAttempt:
    """Return an attempt whose create answer was lost: it is bound to no reference yet."""
    payout_id = world.requested(world.earner())
    world.lose_answer(payout_id)
    (made,) = world.attempts(payout_id)
    return made


def path(attempt_id: UUID, mac: str | None = None) -> str:
    good = crypto.mac(WEBHOOK_LABEL, str(attempt_id))
    return f"{API}/webhooks/konnect-payout/{attempt_id}/{good if mac is None else mac}"


def ping(world: PayoutWorld, attempt: PayoutAttempt, ref: str | None = None, method: str = "GET") -> TestResponse:
    return world.client.open(path(attempt.id), method=method, query_string={} if ref is None else {"payment_ref": ref})


def written(world: PayoutWorld) -> int:
    return int(world.scalar("SELECT count(*) FROM payout_ping"))


def test_whatever_is_forged_is_not_found_and_writes_nothing(world: PayoutWorld, attempt: PayoutAttempt) -> None:
    another = uuid4()
    for_a_payment = crypto.mac(PAYMENT_LABEL, str(attempt.id))
    tried = [(attempt.id, "x"), (attempt.id, "é"), (attempt.id, for_a_payment), (another, None)]
    for method in ("GET", "POST", "HEAD"):
        for attempt_id, mac in tried:
            assert world.client.open(path(attempt_id, mac), method=method).status_code == 404, (method, mac)
    assert written(world) == 0


def test_a_look_at_the_address_alone_writes_nothing(world: PayoutWorld, attempt: PayoutAttempt) -> None:
    assert (ping(world, attempt, method="HEAD").status_code, written(world)) == (200, 0)


def test_a_storm_of_pings_writes_one_row_whatever_they_name(world: PayoutWorld, attempt: PayoutAttempt) -> None:
    bound = str(attempt.payment_ref)
    for ref in (None, bound, "", "../../admin", bound.upper(), STRANGER, *(f"{n:024x}" for n in range(20)), None):
        assert ping(world, attempt, ref).status_code == 200
    assert written(world) == world.events("PayoutWebhookReceived") == 1


def test_another_reference_than_the_bound_one_is_ignored(world: PayoutWorld, attempt: PayoutAttempt) -> None:
    other = world.approved(world.requested(world.earner()))
    world.pay(other)
    before = written(world)
    for ref in (STRANGER, ref_of(other)):
        assert ping(world, attempt, ref).status_code == 200
    assert written(world) == before


def test_few_references_wait_for_a_link_that_is_bound_to_none(world: PayoutWorld, orphan: PayoutAttempt) -> None:
    assert ping(world, orphan).status_code == 200
    assert written(world) == 0, "there is nothing to look at"
    for number in range(20):
        assert ping(world, orphan, f"{number:024x}").status_code == 200
    assert written(world) == 5
    world.drain()
    assert world.scalar("SELECT count(*) FROM delivery WHERE state = 'dead'") == 0, "a forger raises no alarm"


def test_every_ping_is_counted_with_what_became_of_it(world: PayoutWorld, attempt: PayoutAttempt) -> None:
    pending.take()  # what other tests have counted in this process
    for ref in (None, None, STRANGER):
        assert ping(world, attempt, ref).status_code == 200
    assert pings(world.client) == {
        ("konnect-payout", "kept"): 1, ("konnect-payout", "waiting"): 1, ("konnect-payout", "other_reference"): 1,
    }  # fmt: skip
    world.gateway.order("no_webhook")
    world.click(str(attempt.pay_url), pings=0)
    world.drain()
    assert ping(world, attempt).status_code == 200
    assert pings(world.client)["konnect-payout", "final"] == 1


def test_pings_that_are_let_in_nowhere_are_counted_too(
    world: PayoutWorld, attempt: PayoutAttempt, orphan: PayoutAttempt
) -> None:
    pending.take()
    for attempt_id, mac in ((attempt.id, "forged"), (uuid4(), None)):
        assert world.client.get(path(attempt_id, mac)).status_code == 404
    for ref in (None, *(f"{number:024x}" for number in range(7))):
        assert ping(world, orphan, ref).status_code == 200
    assert pings(world.client) == {
        ("konnect-payout", "bad_mac"): 1, ("konnect-payout", "unknown"): 1, ("konnect-payout", "no_reference"): 1,
        ("konnect-payout", "kept"): 5, ("konnect-payout", "too_many"): 2,
    }  # fmt: skip


def test_a_hint_is_not_dropped_by_a_gateway_that_does_not_know_it_for_a_moment(
    world: PayoutWorld, orphan: PayoutAttempt, configure: Configure
) -> None:
    (made,) = world.gateway.get("/konnect/payments", order_id=str(orphan.id)).json()["items"]
    configure(RETRY_BASE_SECONDS=5, KONNECT_BASE_URL=f"{world.gateway.sandbox.url}/nothing/here")
    world.click(f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={made['payment_ref']}")
    world.drain(hurry=False)
    configure(KONNECT_BASE_URL=world.gateway.sandbox.konnect_url)
    world.drain()
    assert world.paid_out() == 45_000


def test_the_page_that_the_payer_comes_back_to_may_show_its_style(world: PayoutWorld, attempt: PayoutAttempt) -> None:
    page = world.client.get(f"{API}/payout-links/{attempt.id}/result")
    assert "Payout link: awaiting payer" in page.text
    assert "style-src 'unsafe-inline'" in page.headers["Content-Security-Policy"], "or no browser shows its style"
