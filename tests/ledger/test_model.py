"""Whatever is posted, held, spent, freed and reversed, the ledger says what a few lines of Python say."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.infra import db
from app.infra.db import session_scope
from app.ledger import accounts, service
from app.ledger.errors import InsufficientFunds, PostingRefused
from app.ops.invariants import INVARIANTS
from tests.factories.payments import tnd

USERS = 2
PURPOSES = ("order:a", "order:b")
OURS = list(itertools.islice(INVARIANTS.values(), 10))
"""The invariants that speak of nothing but the ledger."""

users, amounts = st.integers(0, USERS - 1), st.integers(1, 60)
purposes = st.sampled_from(PURPOSES)
steps = st.one_of(
    st.tuples(st.just("top_up"), users, amounts),
    st.tuples(st.just("earn"), users, amounts),
    st.tuples(st.just("give"), users, amounts),
    st.tuples(st.just("hold"), users, amounts, purposes),
    st.tuples(st.just("spend"), amounts, purposes),
    st.tuples(st.just("free"), purposes),
    st.tuples(st.just("repeat"), st.integers(0, 20), st.integers(1, 2)),
    st.tuples(st.just("reverse"), st.integers(0, 20)),
)


@dataclass
class Books:
    """The independent reckoning: balances, holds, and what was posted, by account names of its own."""

    posted: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    holds: list[tuple[str, str, int]] = field(default_factory=list)  # purpose, account, amount
    posts: list[dict[str, int]] = field(default_factory=list)
    reversed: set[int] = field(default_factory=set)

    def held(self, account: str) -> int:
        return sum(amount for _, where, amount in self.holds if where == account)

    def free(self, account: str) -> int:
        return self.posted[account] - self.held(account)

    def post(self, lines: dict[str, int]) -> str:
        """Move money unless an account that has a floor would fall below what is held there."""
        for account, amount in lines.items():
            if not account.startswith("psp") and self.free(account) + amount < 0:
                return "insufficient"
        for account, amount in lines.items():
            self.posted[account] += amount
        self.posts.append(lines)
        return "ok"

    def hold(self, user: int, amount: int, purpose: str) -> str:
        parts, left = [], amount
        for account in (f"deposit{user}", f"earnings{user}"):
            part = min(left, self.free(account))
            parts += [(purpose, account, part)] if part else []
            left -= part
        if left:
            return "insufficient"
        self.holds += parts
        return "held"

    def spend(self, amount: int, purpose: str) -> str:
        mine = [hold for hold in self.holds if hold[0] == purpose]
        if sum(held for _, _, held in mine) < amount:
            return "holds_too_small"
        lines, left = defaultdict(int), amount
        for _, account, held in sorted(mine, key=lambda hold: hold[1].startswith("earnings")):
            part = min(left, held)
            lines[account] -= part
            left -= part
        self.holds = [hold for hold in self.holds if hold[0] != purpose]  # what is held beyond the amount is free
        return self.post({account: part for account, part in lines.items() if part} | {"escrow": amount})

    def reverse(self, number: int) -> str:
        if number in self.reversed:
            return "uq_txn_reverses_id"
        answer = self.post({account: -amount for account, amount in self.posts[number].items()})
        if answer == "ok":
            self.reversed.add(number)
        return answer


Act = Callable[[Session], int | str]


class Pair:
    """The ledger and the reckoning, taking the same steps. Each step tells what should happen, and does it."""

    def __init__(self) -> None:
        self.model = Books()
        self.mark = uuid4().hex  # every example has accounts, refs and purposes of its own
        self.people = [uuid4() for _ in range(USERS)]
        self.codes = {"psp": accounts.psp(self.mark), "escrow": accounts.escrow(uuid4())}
        for number, person in enumerate(self.people):
            self.codes |= {f"deposit{number}": accounts.deposit(person), f"earnings{number}": accounts.earnings(person)}
        self.txns: list[int] = []
        self.plain: set[int] = set()  # numbers of the transactions that were posted, not captured or reversed

    def take(self, step: tuple) -> None:
        name, *arguments = step
        expected, act = getattr(self, name)(*arguments)
        try:
            with session_scope() as session:
                found = act(session)
        except InsufficientFunds:
            found = "insufficient"
        except PostingRefused as refusal:
            found = refusal.reason
        except IntegrityError as error:
            found = db.constraint(error)
        if isinstance(found, int):
            self.txns.append(found)
            found = "ok"
        assert found == expected, step
        self.compare()

    def compare(self) -> None:
        query = text("SELECT code, posted, held FROM ledger.account WHERE code = ANY(:codes)")
        with session_scope() as session:
            rows = {row.code: row[1:] for row in session.execute(query, {"codes": [*self.codes.values()]})}
        for account, code in self.codes.items():
            assert rows.get(code, (0, 0)) == (self.model.posted[account], self.model.held(account)), account

    def top_up(self, user: int, amount: int) -> tuple[str, Act]:
        return self.post({"psp": -amount, f"deposit{user}": amount})

    def earn(self, user: int, amount: int) -> tuple[str, Act]:
        return self.post({f"earnings{user}": amount, "psp": -amount})

    def give(self, user: int, amount: int) -> tuple[str, Act]:
        return self.post({f"deposit{user}": -amount, f"deposit{1 - user}": amount})

    def post(self, lines: dict[str, int]) -> tuple[str, Act]:
        number, expected = len(self.txns), self.model.post(lines)
        if expected == "ok":
            self.plain.add(number)
        return expected, self.posting(number, lines)

    def posting(self, number: int, lines: dict[str, int]) -> Act:
        named = {self.codes[account]: tnd(amount) for account, amount in lines.items()}
        return lambda session: service.post(session, f"{self.mark}:{number}", "fund", named)

    def hold(self, user: int, amount: int, purpose: str) -> tuple[str, Act]:
        def act(session: Session) -> str:
            ref, mine = f"hold:{uuid4()}", f"{self.mark}:{purpose}"
            service.hold_from_wallet(session, self.people[user], tnd(amount), ref=ref, purpose=mine)
            return "held"

        return self.model.hold(user, amount, purpose), act

    def spend(self, amount: int, purpose: str) -> tuple[str, Act]:
        ref, mine, to = f"{self.mark}:{len(self.txns)}", f"{self.mark}:{purpose}", self.codes["escrow"]
        return self.model.spend(amount, purpose), lambda session: service.capture_holds(
            session, mine, to, tnd(amount), ref=ref, kind="fund"
        )

    def free(self, purpose: str) -> tuple[str, Act]:
        freed = sum(amount for mine, _, amount in self.model.holds if mine == purpose)
        self.model.holds = [hold for hold in self.model.holds if hold[0] != purpose]
        return f"freed {freed}", lambda session: f"freed {service.void_holds(session, f'{self.mark}:{purpose}')}"

    def repeat(self, number: int, factor: int) -> tuple[str, Act]:
        if number not in self.plain:
            return "nothing to repeat", lambda _: "nothing to repeat"
        again = self.posting(number, {account: amount * factor for account, amount in self.model.posts[number].items()})
        return (
            "the same" if factor == 1 else "ref_reused",
            lambda session: "the same" if again(session) == self.txns[number] else "another",
        )

    def reverse(self, number: int) -> tuple[str, Act]:
        if number >= len(self.txns):
            return "nothing to reverse", lambda _: "nothing to reverse"
        ref = f"{self.mark}:reverse:{uuid4()}"
        return self.model.reverse(number), lambda session: service.reverse(session, ref, self.txns[number])


@pytest.mark.usefixtures("database")
@settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps, min_size=12, max_size=40))
def test_the_ledger_agrees_with_a_model_of_it(taken: list[tuple]) -> None:
    pair = Pair()
    for step in taken:
        pair.take(step)
    with session_scope() as session:
        assert [row for statement in OURS for row in session.execute(text(statement))] == []
