"""The inbox: a ping authorises nothing but a look; the one that matters is never lost, and a storm costs nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.infra.metrics.pending import pending
from app.payments.service.attempts import webhook_mac
from tests.environment import ENVIRONMENT
from tests.ops.scrape import pings
from tests.patience import eventually
from tests.payments.conftest import Configure
from tests.payments.steps import die_in_the_create_call, rescue
from tests.payments.world import API, World
from tests.sandbox.peers import ref_of

STRANGER = "f" * 24


@pytest.fixture
def payment_id(world: World) -> str:
    """Return an attempt that waits for its payer."""
    made = world.top_up(world.person(), 45_000)
    world.link(made)
    return made


@pytest.fixture
def orphan(world: World) -> str:
    """Return an attempt whose create answer was lost: it is bound to no reference yet."""
    made = world.top_up(world.person(), 45_000)
    world.gateway.order("error_500_after_success")
    world.drain()
    return made


def path(payment_id: str, mac: str | None = None) -> str:
    return f"{API}/webhooks/konnect/{payment_id}/{webhook_mac(UUID(payment_id)) if mac is None else mac}"


def ping(world: World, payment_id: str, ref: str | None = None, method: str = "GET", **more: Any) -> TestResponse:
    query = {} if ref is None else {"payment_ref": ref}
    return world.client.open(path(payment_id), method=method, query_string=query, **more)


def waiting(world: World) -> int:
    return int(world.scalar("SELECT count(*) FROM webhook_ping WHERE taken_at IS NULL"))


def written(world: World) -> int:
    return int(world.scalar("SELECT count(*) FROM webhook_ping"))


# --- who is let in ---------------------------------------------------------------------------------------------------


def test_whatever_is_forged_gets_the_same_answer_and_writes_nothing(world: World, payment_id: str) -> None:
    mac, another = webhook_mac(UUID(payment_id)), str(uuid4())
    changed = mac[:-1] + ("A" if mac[-1] != "A" else "B")
    tried = [
        (payment_id, "A" * 43), (payment_id, changed), (payment_id, mac[:-1]), (payment_id, mac + "A"),
        (payment_id, mac.swapcase()), (payment_id, "é" * 43), (payment_id, "%ED%A0%80"), (payment_id, "%00"),
        (payment_id, webhook_mac(UUID(another))),  # of another attempt
        (another, webhook_mac(UUID(another))),  # of an attempt that does not exist
    ]  # fmt: skip
    answers = [
        world.client.open(path(*forged), method=method) for forged in tried for method in ("GET", "POST", "HEAD")
    ]
    assert {answer.status_code for answer in answers} == {404}
    bodies = {tuple((key, answer.json[key]) for key in ("code", "detail")) for answer in answers if answer.data}
    assert len(bodies) == 1
    assert written(world) == 0


def test_a_mac_of_the_previous_key_is_let_in_while_keys_change(world: World, payment_id: str, configure: Configure):
    old = path(payment_id)
    configure(SECRET_KEY="a-new-key-9f8e7d6c5b4a3928170615243342515", SECRET_KEY_PREVIOUS=ENVIRONMENT["SECRET_KEY"])
    assert path(payment_id) != old
    assert (world.client.get(old).status_code, written(world)) == (200, 1)
    configure(SECRET_KEY_PREVIOUS="")
    assert world.client.get(old).status_code == 404


def test_a_look_at_the_address_alone_writes_nothing(world: World, payment_id: str) -> None:
    answer = ping(world, payment_id, method="HEAD")
    assert (answer.status_code, written(world)) == (200, 0)
    assert ping(world, payment_id, method="DELETE").status_code == 405
    assert ping(world, payment_id, method="OPTIONS").status_code == 200
    assert written(world) == 0


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_get_and_post_are_the_same_hint(world: World, payment_id: str, method: str) -> None:
    world.gateway.order("no_webhook")
    link = world.attempt(payment_id).pay_url
    assert link is not None
    world.click(link, pings=0)
    assert ping(world, payment_id, ref_of(link), method).status_code == 200
    world.drain()
    assert world.attempt(payment_id).status == "captured"


def test_a_browser_is_sent_to_a_page_that_shows_our_state_only(world: World, payment_id: str) -> None:
    world.gateway.order("no_webhook")
    world.click(str(world.attempt(payment_id).pay_url), pings=0)  # paid: but nobody has told us yet
    answer = ping(world, payment_id, headers={"Accept": "text/html,application/xhtml+xml"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{API}/payments/{payment_id}/result")
    assert written(world) == 1, "it is a hint all the same"

    page = world.client.get(answer.headers["Location"] + "?status=captured")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "awaiting payer" in page.text
    assert "style-src 'unsafe-inline'" in page.headers["Content-Security-Policy"], "or no browser shows its style"
    world.drain()
    assert "captured" in world.client.get(answer.headers["Location"]).text
    assert world.client.get(f"{API}/payments/{uuid4()}/result").status_code == 404


# --- how many are kept -----------------------------------------------------------------------------------------------


def test_one_ping_waits_for_each_attempt_whatever_it_names(world: World, payment_id: str) -> None:
    bound = str(world.attempt(payment_id).payment_ref)
    for ref in (None, bound, "", "../../admin", bound.upper(), bound[:-1], "\0", "é" * 24, f"{bound}\n", None):
        assert ping(world, payment_id, ref).status_code == 200
    assert written(world) == world.events("WebhookReceived") == 1


def test_a_storm_writes_one_row_for_each_look(world: World, payment_id: str, flask_app: Flask) -> None:
    bound = str(world.attempt(payment_id).payment_ref)

    def some(thread: int) -> set[int]:
        client = flask_app.test_client()
        names = [bound, "", "nonsense", f"{thread:024x}"]
        return {client.get(path(payment_id), query_string={"payment_ref": name}).status_code for name in names * 16}

    with ThreadPoolExecutor(8) as threads:
        assert set().union(*threads.map(some, range(8))) == {200}
    assert written(world) == 1
    world.drain()
    assert ping(world, payment_id).status_code == 200
    assert (written(world), waiting(world)) == (2, 1), (
        "after a look that found it pending, the next ping opens a new one"
    )


def test_no_ping_of_a_final_attempt_is_kept(world: World, payment_id: str) -> None:
    world.pay(str(world.attempt(payment_id).pay_url))
    before = written(world)
    assert ping(world, payment_id).status_code == 200
    assert written(world) == before


def test_a_prefetch_never_eats_the_real_ping(world: World, payment_id: str) -> None:
    link = str(world.attempt(payment_id).pay_url)
    assert ping(world, payment_id).status_code == 200  # a link preview, before anybody has paid
    world.gateway.order("drip", seconds=3600, on="fetch")
    with ThreadPoolExecutor(1) as worker:
        looked = worker.submit(world.drain)  # the answer says `pending`, and takes its time
        eventually(lambda: world.gateway.get("/faults").json()["items"][0]["hits"])
        world.click(link)
        assert not looked.done()
        assert waiting(world) == 1, "the real ping finds no row waiting, and opens a look of its own"
        world.end_faults()
        looked.result()
    world.drain()
    assert world.attempt(payment_id).status == "captured"
    world.check_books()


def test_a_ping_before_the_create_answer_is_no_harm(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    world.gateway.order("webhook_before_create_answer")
    link = world.link(booking["payment"]["id"])
    assert world.gateway.listed(link)["webhook_calls"][0]["status"] == 200
    world.pay(link)
    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    world.check_books()


# --- what is counted -------------------------------------------------------------------------------------------------


def test_every_ping_is_counted_with_what_became_of_it(world: World, payment_id: str) -> None:
    pending.take()  # what other tests have counted in this process
    for ref in (None, None, STRANGER):
        assert ping(world, payment_id, ref).status_code == 200
    assert pings(world.client) == {
        ("konnect", "kept"): 1, ("konnect", "waiting"): 1, ("konnect", "other_reference"): 1,
    }  # fmt: skip
    world.gateway.order("no_webhook")
    world.click(str(world.attempt(payment_id).pay_url), pings=0)
    world.drain()
    assert ping(world, payment_id).status_code == 200
    assert pings(world.client)["konnect", "final"] == 1


def test_pings_that_are_let_in_nowhere_are_counted_too(world: World, payment_id: str, orphan: str) -> None:
    pending.take()
    nobody = str(uuid4())
    assert world.client.get(path(payment_id, "forged")).status_code == 404
    assert world.client.get(path(nobody)).status_code == 404
    for ref in (None, *(f"{number:024x}" for number in range(7))):
        assert ping(world, orphan, ref).status_code == 200
    assert pings(world.client) == {
        ("konnect", "bad_mac"): 1, ("konnect", "unknown"): 1, ("konnect", "no_reference"): 1,
        ("konnect", "kept"): 5, ("konnect", "too_many"): 2,
    }  # fmt: skip


# --- which payment is looked at --------------------------------------------------------------------------------------


def test_another_reference_than_the_bound_one_is_ignored(world: World, payment_id: str) -> None:
    other = world.top_up(world.person(), 45_000)
    paid = world.link(other)
    world.pay(paid)
    before = written(world)
    for ref in (STRANGER, ref_of(paid)):
        assert ping(world, payment_id, ref).status_code == 200
    assert written(world) == before
    assert world.attempt(payment_id).status == "awaiting_payer"


def test_a_forged_reference_for_an_unbound_attempt_binds_nothing(world: World, orphan: str) -> None:
    others = world.link(world.top_up(world.person(), 45_000))
    world.click(others)
    for ref in (STRANGER, ref_of(others)):
        assert ping(world, orphan, ref).status_code == 200
        world.drain()
    found = world.attempt(orphan)
    assert (found.status, found.payment_ref) == ("unknown", None)
    assert world.scalar("SELECT count(*) FROM delivery WHERE state = 'dead'") == 0, "a forger raises no alarm"
    world.check_books()


def test_few_references_wait_for_an_unbound_attempt(world: World, orphan: str) -> None:
    assert ping(world, orphan).status_code == 200
    assert written(world) == 0, "there is nothing to look at"
    for number in range(20):
        assert ping(world, orphan, f"{number:024x}").status_code == 200
    assert written(world) == 5


def test_what_a_ping_bound_is_looked_at_without_another_ping(world: World, orphan: str) -> None:
    (at_gateway,) = world.gateway.get("/konnect/payments", order_id=orphan).json()["items"]
    ref = at_gateway["payment_ref"]
    assert ping(world, orphan, ref).status_code == 200
    world.drain()
    assert (world.attempt(orphan).status, world.attempt(orphan).payment_ref) == ("unknown", ref)
    world.gateway.order("no_webhook")
    world.click(f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={ref}", pings=0)
    world.advance(seconds=6)
    assert world.attempt(orphan).status == "captured"
    world.check_books()


def test_the_link_that_is_shown_is_the_one_that_is_looked_at(world: World) -> None:
    """A killed worker left a payment whose early ping was bound; the payer sees, and pays, the link of the second."""
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    die_in_the_create_call(payment_id)
    (first,) = world.gateway.get("/konnect/payments", order_id=payment_id).json()["items"]
    ping(world, payment_id, first["payment_ref"])
    world.drain()
    assert world.attempt(payment_id).payment_ref == first["payment_ref"]
    rescue()
    shown = world.link(payment_id)
    world.gateway.order("no_webhook")
    world.click(shown, pings=0)
    world.advance(seconds=6)
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_a_hint_is_not_dropped_by_a_gateway_that_does_not_know_it_for_a_moment(
    world: World, configure: Configure
) -> None:
    payer = world.person()
    lost = world.top_up(payer, 45_000)
    world.gateway.order("error_500_after_success", order_id=lost)
    world.drain()
    (made,) = world.gateway.get("/konnect/payments", order_id=lost).json()["items"]
    configure(RETRY_BASE_SECONDS=5, KONNECT_BASE_URL=f"{world.gateway.sandbox.url}/nothing/here")
    world.click(f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={made['payment_ref']}")
    world.drain(hurry=False)
    assert world.attempt(lost).status == "unknown"
    configure(KONNECT_BASE_URL=world.gateway.sandbox.konnect_url)
    world.drain()
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()
