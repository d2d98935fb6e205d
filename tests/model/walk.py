"""A walk: the same steps in the product and in the reckoning, compared after each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from werkzeug.test import TestResponse

from tests.model import payments, payouts, sessions
from tests.model.market import DAY, HOUR, MINUTE, WINDOW, Booking, Link, Market, Payout
from tests.model.product import Message, Product

T = TypeVar("T")
Act = TypeVar("Act", bound=Callable[..., None])

#: The fees are nothing, 1.5, 4,500 and 6,751.65 millimes: rounding either way would be seen.
PRICES = (0, 10, 30_000, 45_011)

#: All moments at which something may change are whole ticks away from each other, and walks stand just behind them. The
#: seconds that a walk itself takes pass in the product and not in the reckoning: they must not be as many as a tick. On
#: a quiet machine they are eight.
TICK = 450
BEGIN = 8 * HOUR + 20

#: What becomes of the work that a step brings: it stays in the broker, or is done while the gateway is as it is.
WORK = st.sampled_from(("none", "none", "well", "well", "well", "lost", "nothing done", "refused", "silent"))
CREATE_TROUBLES, FETCH_TROUBLES = ("lost", "nothing done", "refused"), ("silent",)

ANYBODY = st.integers(0, 2)

#: Which one: the latest, mostly.
WHICH = st.sampled_from((0, 0, 0, 1, 1, 2, 3, 5, 8))
OFTEN = {
    "top_up": 2,
    "book": 4,
    "pay": 4,
    "deliver": 6,
    "pass_time": 3,
    "request_payout": 3,
    "approve": 3,
    "cancel": 3,
    "resolve_payout": 2,
}

SWEEPS = {
    "expire_bookings": sessions.expire_overdue,
    "complete_bookings": sessions.complete_ended,
    "release_escrows": sessions.release_due,
}

ACTS: dict[str, st.SearchStrategy[dict[str, Any]]] = {}


class NothingThere(Exception):
    """There is nothing yet to which this could be done."""


def act(**choices: st.SearchStrategy[Any]) -> Callable[[Act], Act]:
    """Say what is to be chosen for an act."""

    def register(function: Act) -> Act:
        ACTS[function.__name__] = st.fixed_dictionaries(choices)
        return function

    return register


def acts() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Choose an act with all that is to be chosen for it.

    What hypothesis tries first, always, is the first of everything: that should cost nothing.
    """
    names = ["rest", *(name for name in ACTS for _ in range(OFTEN.get(name, 1)))]
    return st.sampled_from(names).flatmap(lambda name: st.tuples(st.just(name), ACTS[name]))


class Walk(RuleBasedStateMachine):
    """What people, the gateway, the broker and the clock do, in any order."""

    def __init__(self, new_product: Callable[[], Product], seen: Counter[str]) -> None:
        super().__init__()
        self.new_product, self.seen = new_product, seen
        self.market = Market(now=BEGIN)
        self.past: list[Message] = []
        self.stood: dict[str, str] = {}
        self.unanswered: set[UUID] = set()
        self.has_begun = self.is_whole = False

    def begin(self) -> None:
        """Have people who know each other: the mentors have held sessions, and have earned by them."""
        self.product = self.new_product()
        self.product.begin(PRICES, BEGIN)
        self.mentors = [self.product.mentor() for _ in range(2)]
        self.people = [self.product.person(), *self.mentors]
        self.clerk = self.product.person("finance", "support")
        for whom, price in enumerate(PRICES[2:]):
            self.top_up(who=2, amount=60_000, twice=False)
            self.deliver_all()
            self.pay(which=0, parts=1, pings=1)
            self.deliver_all()
            self.book(who=2, whom=whom, price=price, hours=1 + whom, twice=False)
        for moment in (4 * HOUR, WINDOW):
            self.move_clock(moment)
            self.deliver_all()

    # --- people ------------------------------------------------------------------------------------------------------

    @act(who=ANYBODY, amount=st.sampled_from((1, 20_000, 60_000)), twice=st.booleans())
    def top_up(self, *, who: int, amount: int, twice: bool) -> None:
        payer = pick(self.people, who)
        answer = self.product.post(payer, "/wallet/top-ups", {"amount": tnd(amount)}, twice=twice)
        self.agree(answer, payments.top_up, answer.json.get("id"), payer, amount)

    @act(
        who=ANYBODY,
        whom=ANYBODY,
        price=st.sampled_from(PRICES),
        hours=st.sampled_from((1, 2, 3, 5, 26, 50)),
        twice=st.booleans(),
    )
    def book(self, *, who: int, whom: int, price: int, hours: int, twice: bool) -> None:
        learner = pick(self.people, who)
        mentor = pick([mentor for mentor in self.mentors if mentor != learner], whom)
        start = (self.market.now // HOUR + 1 + hours) * HOUR
        body = {"offering_id": self.product.offerings[mentor, price], "starts_at": self.product.instant(start)}
        answer = self.product.post(learner, "/bookings", body, twice=twice)
        made = answer.json if answer.status_code == 201 else {"id": "", "order": {"id": ""}}
        deadline = sessions.deadline_of(self.market, start)
        booking = Booking(made["id"], made["order"]["id"], learner, mentor, price, start, deadline)
        self.agree(answer, sessions.book, booking, (made.get("payment") or {}).get("id"))

    @act(which=WHICH)
    def ask_for_a_new_link(self, which: int) -> None:
        booking = pick(self.bookings("awaiting_payment"), which)
        answer = self.product.post(booking.learner, f"/bookings/{booking.key}/payments")
        self.agree(answer, sessions.ask_again, booking, answer.json.get("id"))

    @act(which=WHICH, by_mentor=st.booleans())
    def cancel(self, *, which: int, by_mentor: bool) -> None:
        booking = pick(self.bookings("awaiting_payment", "confirmed"), which)
        who = booking.mentor if by_mentor else booking.learner
        answer = self.product.post(who, f"/bookings/{booking.key}/cancel", {"reason": "I am ill."})
        self.agree(answer, sessions.cancel, booking, who)

    @act(which=WHICH)
    def report(self, which: int) -> None:
        booking = pick(self.bookings("confirmed", "completed"), which)
        body = {"reason": "Nobody came."}
        answer = self.product.post(booking.learner, f"/bookings/{booking.key}/report-problem", body)
        self.agree(answer, sessions.report, booking)

    @act(which=WHICH, outcome=st.sampled_from(("release", "return")))
    def resolve(self, which: int, outcome: str) -> None:
        booking = pick(self.bookings("disputed"), which)
        body = {"outcome": outcome, "reason": "We looked into it."}
        answer = self.product.post(self.clerk, f"/admin/bookings/{booking.key}/resolve", body)
        self.agree(answer, sessions.resolve, booking, outcome)

    @act(who=ANYBODY, parts=st.sampled_from((1, 2, 3)), more=st.sampled_from((0, 0, 0, 1)), twice=st.booleans())
    def request_payout(self, *, who: int, parts: int, more: int, twice: bool) -> None:
        mentor = pick(self.mentors, who)
        amount = max(1, self.market.books.free(f"earnings:{mentor}") // parts + more)
        answer = self.product.post(mentor, "/payouts", {"amount": tnd(amount)}, twice=twice)
        self.agree(answer, payouts.request, answer.json.get("id"), mentor, amount)

    @act(which=WHICH)
    def approve(self, which: int) -> None:
        payout = self.payout(which)
        answer = self.product.post(self.clerk, f"/admin/payouts/{payout.key}/approve", {})
        attempts = answer.json.get("attempts") or [{}]
        self.agree(answer, payouts.approve, payout, attempts[-1].get("id"))

    @act(which=WHICH)
    def reject(self, which: int) -> None:
        payout = self.payout(which)
        answer = self.product.post(self.clerk, f"/admin/payouts/{payout.key}/reject", {"reason": "Ask us."})
        self.agree(answer, payouts.reject, payout)

    @act(which=WHICH)
    def cancel_payout(self, which: int) -> None:
        payout = self.payout(which)
        self.agree(self.product.post(payout.mentor, f"/payouts/{payout.key}/cancel"), payouts.cancel, payout)

    @act(which=WHICH, part=st.sampled_from((0, 1, 2, 2, 3)))
    def resolve_payout(self, which: int, part: int) -> None:
        """Tell what a mentor has received: nothing, a half, all or too much; a person may be wrong."""
        unknown_last = sorted(self.market.payouts.values(), key=lambda payout: payout.state == "unknown")
        payout = pick(unknown_last, which)
        body = {"received": tnd(payout.amount * part // 2), "reason": "We asked."}
        answer = self.product.post(self.clerk, f"/admin/payouts/{payout.key}/resolve", body)
        self.agree(answer, payouts.resolve, payout, payout.amount * part // 2)

    # --- the gateway -------------------------------------------------------------------------------------------------

    @act(which=WHICH, parts=st.sampled_from((1, 1, 1, 2)), pings=st.integers(0, 2))
    def pay(self, which: int, parts: int, pings: int) -> None:
        """Pay what is due of a link, or a part; whether anybody has seen it or not, and however late."""
        link = pick([link for link in self.at_gateway() if link.reached < link.amount], which)
        amount = max(1, (link.amount - link.reached) // parts)
        self.product.pay(link.key, amount)
        link.reached += amount
        for _ in range(pings):
            self.product.ping(link.key)

    @act(which=WHICH)
    def ping(self, which: int) -> None:
        """Say once more, or without any reason, that a link should be looked at."""
        self.product.ping(pick(self.at_gateway(), which).key)

    # --- the broker, the workers, the clock ---------------------------------------------------------------------------

    @act(which=WHICH, trouble=st.sampled_from(("well", "well", *CREATE_TROUBLES, *FETCH_TROUBLES)))
    def deliver(self, which: int, trouble: str) -> None:
        """Deliver any message next, also one that was delivered before, while the gateway may be in trouble."""
        self.product.collect()
        self.hand_over(pick([*self.past[-3:], *self.product.bag], which), trouble)

    @act()
    def rest(self) -> None:
        """Do nothing."""

    @act(which=st.integers(0, 3), early=st.sampled_from((0, 0, 1)))
    def pass_time(self, which: int, early: int) -> None:
        """Move the clock to one of the next moments at which something falls due, or just before it."""
        moments = self.moments()
        ticks = -((self.market.now - moments[which % len(moments)]) // TICK) - early
        self.move_clock(max(1, ticks) * TICK)

    @act(name=st.sampled_from((*SWEEPS, "poll_payments", "poll_payouts")))
    def sweep(self, name: str) -> None:
        self.product.sweep(name)
        SWEEPS.get(name, lambda _: None)(self.market)

    # One rule, not one for each act: hypothesis would switch most of them off in each walk, and a dinar takes ten
    # different acts in a row from a learner's card to a mentor's wallet.
    @rule(act=acts(), work=WORK)
    def step(self, act: tuple[str, dict[str, Any]], work: str) -> None:
        """Do something; where there is nothing yet that it could be done to, somebody books."""
        name, chosen = act
        if name == "rest":
            return
        if not self.has_begun:
            self.begin()
            self.has_begun = True
        try:
            getattr(self, name)(**chosen)
        except NothingThere:
            self.book(who=0, whom=0, price=PRICES[-1], hours=2, twice=False)
        if work != "none" and name != "deliver":  # what is delivered alone leaves the rest where it is
            self.deliver_all(work)
        self.seen["steps"] += 1

    # --- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def both_agree(self) -> None:
        if not self.has_begun:
            return
        self.is_whole = False
        seen = self.product.look()
        assert seen.states == self.market.states()
        assert seen.accounts == self.market.books.shown()
        assert seen.broken == ()
        self.note(seen.states)
        self.is_whole = True

    def teardown(self) -> None:
        """Let every ping come and everything fall due: then nothing waits, and the gateway has what we say it has."""
        if not self.is_whole:
            return
        for link in self.at_gateway():
            self.product.ping(link.key)
        for _ in range(3):
            self.deliver_all()
            self.move_clock(4 * DAY)
        self.deliver_all()
        self.both_agree()
        self.nothing_waits()

    def nothing_waits(self) -> None:
        """What a person must look at (a conflict, a dispute) may wait; nothing else does."""
        assert not any(link.is_live for link in self.market.links.values())
        assert not self.bookings("awaiting_payment", "confirmed", "completed", only=True)
        assert not self.market.books.holds
        assert not self.unanswered, "the gateway did not answer to a ping, and was never asked again"
        agreed = [link for link in self.at_gateway() if link.state != "conflicted" and not link.was_resolved]
        assert all(link.reached == (link.captured if link.payer else link.amount) for link in agreed if link.reached)

    # --- small steps -------------------------------------------------------------------------------------------------

    def agree(self, answer: TestResponse, do: Callable[..., None], *arguments: object) -> None:
        """Do the same in the reckoning: it must be done, or refused for the same reason."""
        refusal = self.market.ask(do, *arguments)
        self.seen[f"{do.__name__}: {refusal or 'done'}"] += 1
        assert (answer.json["code"] if answer.status_code >= 400 else "") == refusal

    def deliver_all(self, trouble: str = "well") -> None:
        """Deliver what there is and what that brings; in trouble, the gateway answers wrongly once."""
        self.product.collect()
        while self.product.bag:
            for message in list(self.product.bag):
                is_hit = trouble in self.troubles_of(message)
                self.hand_over(message, trouble if is_hit else "well")
                trouble = "well" if is_hit else trouble
            self.product.collect()

    def troubles_of(self, message: Message) -> tuple[str, ...]:
        """Return in which troubles the gateway would not answer the task of a message as it should."""
        kinds = {"open_checkout": CREATE_TROUBLES, "open_link": CREATE_TROUBLES, "settle": FETCH_TROUBLES}
        return kinds.get(message.what, ())

    def hand_over(self, message: Message, trouble: str) -> None:
        """Deliver a message; one that comes once more must do nothing."""
        self.product.deliver(message, trouble)
        if message in self.product.bag:
            self.product.bag.remove(message)
            self.unanswered.discard(message.id)
            self.past.append(message)
            self.expect(message, trouble)

    def expect(self, message: Message, trouble: str) -> None:
        """Do in the reckoning what a message asks for."""
        about, market = message.about, self.market
        match message.what:
            case "run_due_sweeps":
                for do in SWEEPS.values():
                    do(market)
            case "apply_payment":
                sessions.take_money(market, market.by_order(about["order_id"]))
            case "close_attempts":
                sessions.end_links(market, market.by_order(about["order_id"]))
            case "open_checkout" | "open_link":
                link = self.link_of(message)
                answer = trouble if trouble in CREATE_TROUBLES else "made"
                (payouts if link.payout else payments).make_link(market, link, answer)
            case "settle":
                link, was_pinged, can_be_asked = self.link_of(message), "ping_id" in about, trouble != "silent"
                room = payouts if link.payout else payments
                answered = room.look(market, link, was_pinged=was_pinged, can_be_asked=can_be_asked)
                if was_pinged and not answered:
                    self.unanswered.add(message.id)

    def link_of(self, message: Message) -> Link:
        return self.market.links[message.about.get("payment_id") or message.about["attempt_id"]]

    def note(self, found: dict[str, str]) -> None:
        """Count the states that were reached since the last look."""
        for what, state in found.items() - self.stood.items():
            self.seen[f"{what.split()[0]} {state.partition(',')[0]}"] += 1
        self.stood = found

    def move_clock(self, seconds: int) -> None:
        self.product.pass_time(seconds)
        self.market.now += seconds

    def moments(self) -> Sequence[int]:
        """Return the moments ahead at which something may change, soonest first."""
        found = {self.market.now + 30 * MINUTE}
        for one in self.bookings("awaiting_payment", "confirmed", "completed", only=True):
            found |= {one.deadline, one.start - DAY, one.start, one.end, one.end + WINDOW}
        found |= {link.expires for link in self.market.links.values()}
        return sorted(moment for moment in found if moment > self.market.now)

    def bookings(self, *states: str, only: bool = False) -> list[Booking]:
        """Return the bookings in some states, after (so that they are picked first) all others unless `only`."""
        every = self.market.bookings.values()
        wanted = [booking for booking in every if booking.state in states]
        return wanted if only else [booking for booking in every if booking.state not in states] + wanted

    def payout(self, which: int) -> Payout:
        payouts_by_age = list(self.market.payouts.values())
        return pick(sorted(payouts_by_age, key=lambda payout: payout.is_open), which)

    def at_gateway(self) -> list[Link]:
        return [link for link in self.market.links.values() if link.exists]


def pick(things: Sequence[T], which: int) -> T:
    """Return one of them, the last for 0; raise NothingThere where there is none."""
    if not things:
        raise NothingThere
    return things[-1 - which % len(things)]


def tnd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "TND"}
