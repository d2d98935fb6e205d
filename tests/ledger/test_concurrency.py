"""Many at once, each on a connection of its own: no lost update, no doubled posting, no deadlock."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.infra import db
from app.infra.db import session_scope
from app.ledger import accounts, service
from app.ledger.errors import InsufficientFunds, PostingRefused
from tests.conftest import forget_connections
from tests.factories.payments import tnd
from tests.patience import PATIENCE_SECONDS

PSP = accounts.psp("konnect")
THREADS = 8


@pytest.fixture(autouse=True)
def no_deadlock(owner: psycopg.Connection) -> Iterator[None]:
    yield
    forget_connections()  # a server process reports its deadlocks when it ends, if not before
    found = owner.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert found == (0,)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(PATIENCE_SECONDS)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(run, call) for call in calls]]


def post(lines: dict[str, int], ref: str = "") -> int:
    with session_scope() as session:
        return service.post(session, ref or f"t:{uuid4()}", "fund", {code: tnd(part) for code, part in lines.items()})


def balance(code: str) -> int:
    with session_scope() as session:
        return service.balance(session, code, "TND").minor


def scalar(sql: str) -> Any:
    with session_scope() as session:
        return session.execute(text(sql)).scalar_one()


@pytest.mark.parametrize("opened", ["before", "by these postings"])
def test_postings_that_name_the_same_accounts_in_any_order_do_not_wait_for_each_other_in_a_circle(opened: str) -> None:
    rounds = 12
    codes = [[PSP, *(accounts.deposit(uuid4()) for _ in range(3))] for _ in range(rounds)]
    if opened == "before":
        for group in codes:
            post({group[0]: -3} | dict.fromkeys(group[1:], 1))

    def mix(seed: int) -> None:
        order = random.Random(seed)
        for group in codes:
            lines = {group[0]: -3} | dict.fromkeys(group[1:], 1)
            post({code: lines[code] for code in order.sample(group, len(group))})

    at_once(*(lambda seed=seed: mix(seed) for seed in range(THREADS)))
    times = THREADS + (opened == "before")
    assert {balance(code) for group in codes for code in group[1:]} == {times}
    assert balance(PSP) == -3 * times * rounds


def test_a_wallet_is_held_and_freed_in_one_order_whichever_of_its_accounts_was_opened_first() -> None:
    user = uuid4()
    post({PSP: -100_000, accounts.earnings(user): 100_000})  # a mentor, who earns before anything is put in
    post({PSP: -1_000, accounts.deposit(user): 1_000})

    def free(purpose: str) -> None:
        with session_scope() as session:
            service.void_holds(session, purpose)

    def from_both(number: int) -> None:
        for turn in range(25):
            purpose = f"order:{number}:{turn}"
            with session_scope() as session:
                service.hold_from_wallet(session, user, tnd(2_000), ref=f"hold:{purpose}", purpose=purpose)
            free(purpose)

    def from_each(number: int) -> None:
        for turn in range(25):
            purpose = f"order:{number}:{turn}"
            for code in (accounts.earnings(user), accounts.deposit(user)):
                with suppress(InsufficientFunds), session_scope() as session:
                    service.hold(session, code, tnd(100), ref=f"hold:{purpose}:{code}", purpose=purpose)
            free(purpose)

    at_once(*(lambda number=number: (from_both, from_each)[number % 2](number) for number in range(THREADS)))
    assert scalar("SELECT sum(held) FROM ledger.account") == 0


def test_the_same_posting_by_eight_at_once_is_posted_once() -> None:
    user = uuid4()
    found = at_once(*[lambda: post({PSP: -7, accounts.deposit(user): 7}, ref="capture:same")] * THREADS)
    assert len(set(found)) == 1
    assert balance(accounts.deposit(user)) == 7


def test_of_different_postings_under_one_ref_one_wins_and_the_others_are_refused() -> None:
    user = uuid4()

    def try_one(amount: int) -> str:
        try:
            post({PSP: -amount, accounts.deposit(user): amount}, ref="capture:same")
        except PostingRefused as refusal:
            return refusal.reason
        return "posted"

    found = Counter(at_once(*(lambda amount=amount: try_one(amount) for amount in range(1, THREADS + 1))))
    assert found == {"posted": 1, "ref_reused": THREADS - 1}


def outcome(act: Callable[[], object]) -> Callable[[], str]:
    def run() -> str:
        try:
            act()
        except InsufficientFunds:
            return "refused"
        return "done"

    return run


def funded_user(minor: int) -> UUID:
    user = uuid4()
    post({PSP: -minor, accounts.deposit(user): minor})
    return user


def test_nobody_spends_what_another_has_spent() -> None:
    user = funded_user(100)
    spend = outcome(lambda: post({accounts.deposit(user): -30, accounts.escrow(uuid4()): 30}))
    assert Counter(at_once(*[spend] * THREADS)) == {"done": 3, "refused": THREADS - 3}
    assert balance(accounts.deposit(user)) == 10


def test_nobody_holds_what_another_holds() -> None:
    user = funded_user(100)

    def hold(number: int) -> Callable[[], str]:
        def act() -> None:
            with session_scope() as session:
                service.hold(session, accounts.deposit(user), tnd(30), ref=f"h:{number}", purpose=f"order:{number}")

        return outcome(act)

    assert Counter(at_once(*map(hold, range(THREADS)))) == {"done": 3, "refused": THREADS - 3}


def test_one_hold_is_placed_once_and_ends_once() -> None:
    user, escrow = funded_user(100), accounts.escrow(uuid4())

    def hold() -> None:
        with session_scope() as session:
            service.hold(session, accounts.deposit(user), tnd(60), ref="h", purpose="order:o")

    def capture() -> str:
        try:
            with session_scope() as session:
                service.capture_holds(session, "order:o", escrow, tnd(60), ref="fund:o", kind="fund")
        except PostingRefused as refusal:
            return refusal.reason
        return "captured"

    def free() -> str:
        with session_scope() as session:
            return f"freed {service.void_holds(session, 'order:o')}"

    at_once(*[hold] * THREADS)
    assert scalar("SELECT sum(held) FROM ledger.account") == 60
    found = Counter(at_once(*[capture, free] * 4))
    if "captured" in found:
        assert found == {"captured": 4, "freed 0": 4}
        assert (balance(escrow), balance(accounts.deposit(user))) == (60, 40)
    else:
        assert found == {"holds_too_small": 4, "freed 60": 1, "freed 0": 3}
        assert (balance(escrow), balance(accounts.deposit(user))) == (0, 100)
    assert scalar("SELECT sum(held) FROM ledger.account") == 0


def test_a_transaction_is_reversed_by_one_of_many() -> None:
    user = uuid4()
    txn = post({PSP: -7, accounts.deposit(user): 7})

    def undo(number: int) -> str:
        try:
            with session_scope() as session:
                service.reverse(session, f"reverse:{number}", txn)
        except IntegrityError as error:
            return db.constraint(error)
        return "reversed"

    found = Counter(at_once(*(lambda number=number: undo(number) for number in range(THREADS))))
    assert found == {"reversed": 1, "uq_txn_reverses_id": THREADS - 1}
    assert balance(accounts.deposit(user)) == 0
