"""People of every role, and one of everything that a path can name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.gateways.psp.base import PaymentSnapshot, PaymentStatus
from app.identity import service as identity
from app.infra.db import session_scope
from app.kernel.ids import new_id
from app.notifications import service as notifications
from app.payments import service as payments
from app.payouts import service as payouts
from tests.booking.world import API, World, written
from tests.factories.booking import give_money
from tests.factories.identity import MadeUser, token_for

ROLES = ("anonymous", "learner", "mentor", "finance", "support", "admin")


@dataclass(frozen=True)
class Scene:
    """Who and what is there. `ids` fills the names in the paths of tests/api/calls.py."""

    world: World
    people: dict[str, MadeUser]
    ids: dict[str, str] = field(default_factory=dict)

    def headers(self, who: str) -> dict[str, str]:
        """Return the headers of a request of somebody in this role, with a fresh Idempotency-Key."""
        signed_in = token_for(self.people[who]) if who != "anonymous" else {}
        return {**signed_in, "Idempotency-Key": str(new_id())}


def set_scene(world: World) -> Scene:
    """Have a mentor, a learner and their sessions in every state that a path needs, and strangers to all of it."""
    learner, mentor, _ = world.held()
    world.pass_time(timedelta(days=1))  # now the mentor has earned something
    with session_scope() as session:
        give_money(session, learner, 200_000)
    people = {role: world.person(role) for role in ("finance", "support", "admin")}
    people |= {"learner": learner, "mentor": mentor, "stranger": world.person(), "rival": world.mentor()}
    offering, dear = world.offer(mentor), world.offer(mentor, price=1_000_000)
    slots = world.slots(offering, begin=world.now() + timedelta(days=1))
    completed, disputed, confirmed = (world.booked(learner, offering, starts_at) for starts_at in slots[:3])
    world.pass_until(disputed["ends_at"])
    world.report(learner, disputed)
    world.drain()
    unpaid, failed = (world.booked(learner, dear, starts_at) for starts_at in slots[5:7])
    alarm = world.get(people["support"], "/admin/notifications")["items"][0]
    return Scene(world, people, {
        "email": learner.email, "mentor": str(mentor.id), "offering": str(offering.id),
        "other_offering": str(world.offer().id), "completed": completed["id"], "disputed": disputed["id"],
        "confirmed": confirmed["id"], "unpaid": unpaid["id"], "failed": failed["id"],
        "payment": unpaid["payment"]["id"], "alarm": alarm["id"], "slot": slots[8], "now": written(world.now()),
        "soon": written(world.now() + timedelta(days=2)), **_payouts(world, people),
        **_what_the_api_cannot_make(learner, failed),
    })  # fmt: skip


def _payouts(world: World, people: dict[str, MadeUser]) -> dict[str, str]:
    """Have payouts that wait to be decided, one that was approved and has a link, and one that went elsewhere."""
    mentor, one = people["mentor"], {"amount": {"amount": 1_000, "currency": "TND"}}
    world.client.put(
        f"{API}/payouts/destination", json={"konnect_wallet_id": "a1b2c3d4e5f60718293a4b5c"}, headers=token_for(mentor)
    )
    payout, rejected, cancelled, *approved = (world.post(mentor, "/payouts", one).json["id"] for _ in range(5))
    link, astray = (_link(world, people["finance"], payout_id) for payout_id in approved)
    told = PaymentSnapshot(
        "0" * 24, str(astray), PaymentStatus.COMPLETED, 1_000, 1_000, "TND", receiver="of somebody else"
    )
    with session_scope() as session:
        payouts.settle(session, astray, told, had_expired=False)
    return {
        "payout": payout, "rejected": rejected, "cancelled": cancelled, "link": str(link), "doubtful": approved[1],
    }  # fmt: skip


def _link(world: World, finance: MadeUser, payout_id: str) -> UUID:
    """Approve a payout, and return the id of its link."""
    world.post(finance, f"/admin/payouts/{payout_id}/approve", {})
    (link,) = world.get(finance, f"/admin/payouts/{payout_id}")["attempts"]
    return UUID(link["id"])


def _what_the_api_cannot_make(learner: MadeUser, failed: dict[str, Any]) -> dict[str, str]:
    """Have a message in an inbox, a payment that the gateway refused, and work that has died."""
    with session_scope() as session:
        reader = identity.get_person(session, learner.id)
        news = notifications.News(reader=reader, type="greeting", title="Welcome", message="Look around.")
        notifications.tell(session, new_id(), [news])
        payments.record_refusal(session, UUID(failed["payment"]["id"]))
        died = "UPDATE delivery SET state = 'dead' WHERE state = 'pending' RETURNING id"
        dead = session.execute(text(died)).scalars().all()[0]
        session.flush()
        (said,) = notifications.list_inbox(session, learner.id, before=None, limit=1)
        return {"notice": str(said.id), "dead": str(dead)}
