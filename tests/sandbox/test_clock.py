"""Business time: the sandbox lives by the clock of the system it serves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.wrappers import Response

from sandbox.clock import Clock
from sandbox.loopback import NotLoopbackError
from tests.patience import PATIENCE_SECONDS, eventually
from tests.sandbox.peers import BusinessClock, Gateway, Merchant, Peer, ref_of


def hours_ahead(clock: Clock) -> int:
    return round((clock.now() - datetime.now(tz=UTC)).total_seconds() / 3600)


def test_a_link_past_its_expiry_is_410_and_nothing_is_paid(timed: Gateway, clock: BusinessClock) -> None:
    link = timed.opened(lifespan=15)
    clock.offset += timedelta(minutes=15)

    assert timed.click(link).status_code == 410
    assert timed.click(link, "fail").status_code == 410
    assert "expired" in timed.click(link, accept="text/html").text
    assert "This link has expired" in timed.http.get(link, headers={"Accept": "text/html"}).text
    payment = timed.payment(link)
    assert (payment["status"], payment["reachedAmount"], payment["transactions"]) == ("pending", 0, [])


def test_a_link_just_before_its_expiry_is_paid(timed: Gateway, clock: BusinessClock) -> None:
    link = timed.opened(lifespan=15)
    clock.offset += timedelta(minutes=14, seconds=50)

    assert timed.click(link).status_code == 200


def test_late_money_can_be_tried(timed: Gateway, clock: BusinessClock) -> None:
    links = [timed.opened(lifespan=1) for _ in range(2)]
    clock.offset += timedelta(days=30)

    late_page = timed.http.get(f"{links[0]}&late=1", headers={"Accept": "text/html"}).text
    assert f'action="/konnect/pay/pay?payment_ref={ref_of(links[0])}&amp;late=1"' in late_page
    assert timed.click(links[0], late="1").status_code == 200
    assert timed.payment(links[0])["status"] == "completed"
    assert timed.click(links[0]).status_code == 200, "paid is paid, expired or not"
    assert timed.click(links[1], late="0").status_code == 410


def test_the_fault_late_payment_lets_a_late_click_through(timed: Gateway, clock: BusinessClock) -> None:
    early, late, later = (timed.opened(lifespan=lifespan) for lifespan in (600, 1, 1))
    clock.offset += timedelta(hours=1)
    timed.click(paid := timed.opened(lifespan=60))
    clock.offset += timedelta(hours=1)
    timed.order("late_payment")

    assert timed.click(early).status_code == 200, "a click in time does not use it up"
    assert timed.click(paid).status_code == 200, "nor does one on what is paid"
    assert timed.click(late).status_code == 200
    assert timed.click(later).status_code == 410


def test_payments_and_mails_carry_business_time(timed: Gateway, clock: BusinessClock) -> None:
    clock.offset += timedelta(days=2)
    created = datetime.fromisoformat(timed.listed(timed.opened())["created_at"])

    assert abs(created - datetime.now(tz=UTC) - timedelta(days=2)) < timedelta(hours=1)


def test_the_last_known_offset_stays_when_the_clock_is_gone(clock: BusinessClock) -> None:
    clock.offset = timedelta(hours=5)
    sandbox_clock = Clock(clock.url)
    assert hours_ahead(sandbox_clock) == 5
    clock.close()

    assert hours_ahead(sandbox_clock) == 5
    assert not sandbox_clock.reachable


@pytest.fixture
def hanging(clock: BusinessClock, monkeypatch: pytest.MonkeyPatch) -> BusinessClock:
    """A clock that takes questions and says nothing, which is left alone soon."""
    monkeypatch.setattr("sandbox.clock.ASK_SECONDS", 0.5)
    clock.hang = PATIENCE_SECONDS
    return clock


def test_a_clock_that_comes_back_is_heard_again(hanging: BusinessClock, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging.offset = timedelta(hours=5)
    sandbox_clock = Clock(hanging.url)
    assert hours_ahead(sandbox_clock) == 0
    hanging.hang = 0
    monkeypatch.setattr("sandbox.clock.ASK_SECONDS", PATIENCE_SECONDS)

    eventually(lambda: hours_ahead(sandbox_clock) == 5)
    assert sandbox_clock.reachable


def test_a_clock_that_hangs_holds_one_click_up_and_is_then_left_alone(
    hanging: BusinessClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.clock.REST_SECONDS", PATIENCE_SECONDS)
    sandbox_clock = Clock(hanging.url)

    for _ in range(5):
        sandbox_clock.now()
    eventually(lambda: hanging.asked)
    assert hanging.asked == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"now": 5}', b'{"now": "soon"}', b'{"now": "2026-11-20"}'])
def test_a_clock_that_talks_nonsense_counts_as_gone(body: bytes) -> None:
    with Peer(lambda _request: Response(body)) as peer:
        sandbox_clock = Clock(peer.url)

        assert hours_ahead(sandbox_clock) == 0
        assert not sandbox_clock.reachable


def test_a_storm_of_clicks_shares_a_few_questions_and_none_gets_old_time(clock: BusinessClock) -> None:
    sandbox_clock, arrived = Clock(clock.url), []

    def click() -> datetime:
        arrived.append(1)
        return sandbox_clock.now()

    clock.may_answer.clear()
    with ThreadPoolExecutor(40) as storm:
        before = [storm.submit(click) for _ in range(40)]
        eventually(lambda: len(arrived) == 40)
        clock.may_answer.set()
        assert all(each.result() for each in before)
    asked = clock.asked
    clock.offset = timedelta(hours=5)

    assert asked <= 10
    assert hours_ahead(sandbox_clock) == 5


def test_an_answer_that_was_under_way_when_the_clock_moved_is_not_shared(clock: BusinessClock) -> None:
    sandbox_clock = Clock(clock.url)
    clock.may_answer.clear()
    with ThreadPoolExecutor(1) as early_bird:
        early = early_bird.submit(sandbox_clock.now)
        eventually(lambda: clock.asked == 1)
        clock.offset = timedelta(hours=5)
        clock.may_answer.set()

        assert hours_ahead(sandbox_clock) == 5
        early.result()


def test_an_answer_not_too_old_is_taken_again_where_the_caller_allows_it(clock: BusinessClock) -> None:
    sandbox_clock = Clock(clock.url)
    for _ in range(5):
        sandbox_clock.now(max_age=60)

    assert clock.asked == 1


def test_a_clock_anywhere_else_is_refused() -> None:
    with pytest.raises(NotLoopbackError, match="calls nobody else"):
        Clock("http://clock.example.com/now")


def test_webhook_calls_are_noted_without_asking_the_clock(
    timed: Gateway, clock: BusinessClock, merchant: Merchant
) -> None:
    """The system under test may be so busy with webhooks that its clock is slow."""
    link = timed.opened(webhook=merchant.url)
    timed.click(link)
    asked = clock.asked
    merchant.wait_for(1)

    assert timed.listed(link)["payment_ref"]
    assert clock.asked == asked
