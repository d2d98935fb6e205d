"""Mentors who want their money, a back office that decides and pays, and whether every millime can be explained."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from werkzeug.test import TestResponse

from app.identity.service import add_role
from app.identity.states import Role
from app.infra.db import session_scope
from app.kernel.ids import new_id
from app.ledger import accounts
from app.payouts import queries
from app.payouts.models import Payout, PayoutAttempt
from app.payouts.states import PayoutState
from tests.factories.identity import MadeUser, make_user, token_for
from tests.factories.payments import tnd
from tests.factories.payouts import MENTORS_WALLET, give_earnings, make_earner
from tests.patience import eventually
from tests.payments.world import API, World

T = TypeVar("T")

HOUR = 3_600
RETURN_SECONDS = 72 * HOUR


@dataclass(frozen=True)
class PayoutWorld(World):
    """One API, one gateway, mentors and a back office."""

    # --- who is there ------------------------------------------------------------------------------------------------

    def earner(self, minor: int = 45_000, *, wallet: str | None = MENTORS_WALLET) -> MadeUser:
        with session_scope() as session:
            return make_earner(session, minor, wallet=wallet)

    def earn(self, mentor: MadeUser, minor: int) -> None:
        with session_scope() as session:
            give_earnings(session, mentor, minor)

    def clerk(self, *roles: str) -> MadeUser:
        """Return somebody of the back office; finance unless told otherwise."""
        with session_scope() as session:
            return make_user(session, roles=roles or ("finance",))

    def add_roles(self, user: MadeUser, *roles: str) -> None:
        with session_scope() as session:
            for role in roles:
                add_role(session, user.id, Role(role))

    # --- what they do ------------------------------------------------------------------------------------------------

    def send(self, user: MadeUser, method: str, path: str, body: object = None, **headers: str) -> TestResponse:
        """Send a request of one's own, from any thread."""
        client = self.client.application.test_client()
        return client.open(API + path, method=method, json=body, headers=token_for(user) | headers)

    def ask(self, mentor: MadeUser, minor: int, *, key: str = "") -> TestResponse:
        return self.post(mentor, "/payouts", {"amount": {"amount": minor, "currency": "TND"}}, key=key)

    def ask_alone(self, mentor: MadeUser, minor: int) -> TestResponse:
        """Ask under a key of its own, from any thread."""
        body = {"amount": {"amount": minor, "currency": "TND"}}
        return self.send(mentor, "POST", "/payouts", body, **{"Idempotency-Key": str(new_id())})

    def requested(self, mentor: MadeUser, minor: int = 45_000) -> str:
        """Request a payout; its id."""
        made = self.ask(mentor, minor)
        assert made.status_code == 201, made.text
        return str(made.json["id"])

    def approve(self, clerk: MadeUser, payout_id: str) -> TestResponse:
        return self.send(clerk, "POST", f"/admin/payouts/{payout_id}/approve", {})

    def reject(self, clerk: MadeUser, payout_id: str, reason: str = "Ask us by mail.") -> TestResponse:
        return self.send(clerk, "POST", f"/admin/payouts/{payout_id}/reject", {"reason": reason})

    def take_back(self, mentor: MadeUser, payout_id: str) -> TestResponse:
        return self.send(mentor, "POST", f"/payouts/{payout_id}/cancel")

    def approved(self, payout_id: str) -> str:
        """Approve a payout and let the workers make its link; the link."""
        clerk = self.clerk()
        answer = self.approve(clerk, payout_id)
        assert answer.status_code == 200, answer.text
        self.drain()
        link = self.shown(payout_id)["pay_url"]
        assert link, self.shown(payout_id)
        return str(link)

    def bring_to(self, status: str, mentor: MadeUser, payout_id: str) -> None:
        """Bring a pending payout into another state, the way it gets there in life."""
        if status == PayoutState.REJECTED:
            self.reject(self.clerk(), payout_id)
        elif status == PayoutState.CANCELLED:
            self.take_back(mentor, payout_id)
        elif status == PayoutState.UNKNOWN:
            self.lose_answer(payout_id)
        elif status != PayoutState.PENDING:
            self.approve(self.clerk(), payout_id)
            if status != PayoutState.APPROVED:
                self.drain()
            if status == PayoutState.PAID:
                self.pay(self.shown(payout_id)["pay_url"])
        assert self.status(payout_id) == status

    def lose_answer(self, payout_id: str) -> str:
        """Approve a payout and have the gateway's answer to the create call lost; the link that nobody has seen."""
        self.gateway.order("error_500_after_success", on="create")
        assert self.approve(self.clerk(), payout_id).status_code == 200
        self.drain()
        attempt_id = self.shown(payout_id)["attempts"][-1]["id"]
        (orphan,) = self.gateway.get("/konnect/payments", order_id=attempt_id).json()["items"]
        return f"{self.gateway.sandbox.url}/konnect/pay?payment_ref={orphan['payment_ref']}"

    def let_expire(self) -> None:
        """Let the time of every link pass, and the workers look at what is left of it."""
        self.advance(seconds=RETURN_SECONDS + 60)

    def at_once(self, *calls: Callable[[], T]) -> list[T]:
        """Do several things at the same time; what each returned."""
        with ThreadPoolExecutor(len(calls)) as pool:
            return [waiting.result() for waiting in [pool.submit(call) for call in calls]]

    def when_all_wait(self, owner: psycopg.Connection, payout_id: str, *calls: Callable[[], T]) -> list[T]:
        """Do several things at the very same moment: each begins while somebody holds the payout."""
        with ThreadPoolExecutor(len(calls)) as pool:
            with owner.transaction():
                owner.execute("SELECT FROM payout WHERE id = %s FOR UPDATE", (payout_id,))
                waiting = [pool.submit(call) for call in calls]
                eventually(lambda: _blocked(owner) >= len(calls) or any(one.done() for one in waiting))
            return [one.result() for one in waiting]

    # --- what they see -----------------------------------------------------------------------------------------------

    def shown(self, payout_id: str) -> dict[str, Any]:
        """Return a payout as the back office sees it."""
        found: dict[str, Any] = self.get(self.clerk(), f"/admin/payouts/{payout_id}")
        return found

    def status(self, payout_id: str) -> str:
        return self.row(payout_id).status

    def row(self, payout_id: str) -> Payout:
        """Return the row behind a payout, for what the API does not show."""
        with session_scope() as session:
            found = queries.find_payout(session, UUID(payout_id))
        assert found is not None
        return found

    def attempts(self, payout_id: str) -> list[PayoutAttempt]:
        with session_scope() as session:
            return list(queries.attempts_of(session, [UUID(payout_id)]))

    def pending(self, payout_id: str) -> int:
        """Return the millimes that are on their way out."""
        return self.balance(accounts.payout_pending(UUID(payout_id)))

    def alarms(self, title: str) -> list[dict[str, Any]]:
        items = self.get(self.clerk("support"), "/admin/notifications")["items"]
        return [item for item in items if item["title"] == title]

    def paid_out(self) -> int:
        """Return the millimes that left through the gateway, in our books."""
        return self.balance(accounts.psp("konnect"))


def _blocked(owner: psycopg.Connection) -> int:
    found = owner.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    assert found is not None
    return int(found[0])


def money(minor: int) -> dict[str, Any]:
    """Return an amount as the API shows it."""
    amount = tnd(minor)
    return {"amount": minor, "currency": "TND", "formatted": str(amount)}
