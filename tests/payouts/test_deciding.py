"""Somebody of the back office decides, never about their own money, and of two who decide at once one does."""

from __future__ import annotations

from functools import partial

import psycopg
import pytest

from app.infra.db import session_scope
from app.payouts.states import PayoutState
from tests.factories.identity import MadeUser
from tests.factories.mentors import make_mentor
from tests.payouts.world import PayoutWorld

UNDECIDED = {PayoutState.PENDING, PayoutState.UNKNOWN}


def mentor_with_roles(world: PayoutWorld, *roles: str) -> MadeUser:
    """Return a mentor who also works in the back office, has earned 45 TND, and has a destination."""
    mentor = world.earner()
    world.add_roles(mentor, *roles)
    return mentor


@pytest.mark.parametrize("role", ["finance", "admin"])
def test_an_approved_payout_says_who_decided_and_when(world: PayoutWorld, role: str) -> None:
    clerk = world.clerk(role)
    payout_id = world.requested(world.earner())
    answer = world.approve(clerk, payout_id)
    assert (answer.status_code, answer.json["status"]) == (200, "approved")
    assert answer.json["decided_by"] == str(clerk.id)
    assert answer.json["decided_at"] >= answer.json["requested_at"]


def test_a_rejected_payout_is_earnings_again_and_says_why(world: PayoutWorld) -> None:
    mentor = world.earner()
    payout_id = world.requested(mentor)
    answer = world.reject(world.clerk(), payout_id, "This wallet is closed.")
    assert (answer.status_code, answer.json["status"]) == (200, "rejected")
    shown = world.get(mentor, f"/payouts/{payout_id}")
    assert (shown["status"], shown["reason"]) == ("rejected", "This wallet is closed.")
    assert shown["decided_at"]
    assert world.wallet(mentor) == (45_000, 0, 45_000)
    assert world.events("PayoutRejected") == 1


@pytest.mark.parametrize("role", ["finance", "admin"])
def test_nobody_decides_about_their_own_payout(world: PayoutWorld, role: str) -> None:
    mentor = mentor_with_roles(world, role)
    payout_id = world.requested(mentor)
    for refused in (world.approve(mentor, payout_id), world.reject(mentor, payout_id)):
        assert (refused.status_code, refused.json["code"]) == (403, "own_payout")
    assert (world.status(payout_id), world.pending(payout_id)) == ("pending", 45_000)


def test_who_has_not_the_role_decides_nothing(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    with session_scope() as session:
        colleague = make_mentor(session)
    for user in (world.person(), world.clerk("support"), colleague):
        for refused in (world.approve(user, payout_id), world.reject(user, payout_id)):
            assert refused.status_code == 403
        assert world.send(user, "GET", f"/admin/payouts/{payout_id}").status_code == 403
    assert world.status(payout_id) == "pending"


def test_what_is_decided_is_not_decided_again(world: PayoutWorld) -> None:
    clerk = world.clerk()
    for status in (state for state in PayoutState if state not in UNDECIDED):
        mentor = world.earner()
        payout_id = world.requested(mentor)
        world.bring_to(status, mentor, payout_id)
        before = world.wallet(mentor)
        for refused in (world.approve(clerk, payout_id), world.reject(clerk, payout_id)):
            assert (refused.status_code, refused.json["code"]) == (409, "illegal_transition"), status
        assert (world.status(payout_id), world.wallet(mentor)) == (status, before)


NO_DECISIONS = (
    ("approve", {"payout_id": "x"}),
    ("approve", []),
    ("reject", {}),
    ("reject", {"reason": ""}),
    ("reject", {"reason": "x" * 1_001}),
    ("reject", {"reason": 7}),
    ("reject", {"reason": "no", "then": "what"}),
)


def test_a_decision_with_a_wrong_body_is_none(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    for call, body in NO_DECISIONS:
        answer = world.send(world.clerk(), "POST", f"/admin/payouts/{payout_id}/{call}", body)
        assert answer.status_code == 422, (call, body)
    assert world.status(payout_id) == "pending"


def test_what_is_not_there_is_not_decided(world: PayoutWorld) -> None:
    clerk = world.clerk()
    for path in (f"/admin/payouts/{clerk.id}", "/admin/payouts/nothing"):
        assert world.send(clerk, "GET", path).status_code == 404
        assert world.send(clerk, "POST", f"{path}/approve", {}).status_code == 404
        assert world.send(clerk, "POST", f"{path}/reject", {"reason": "x"}).status_code == 404


def test_the_back_office_lists_payouts_by_status(world: PayoutWorld) -> None:
    clerk = world.clerk()
    first, second, third = (world.requested(world.earner()) for _ in range(3))
    world.reject(clerk, second)
    assert [item["id"] for item in world.get(clerk, "/admin/payouts")["items"]] == [third, second, first]
    assert [item["id"] for item in world.get(clerk, "/admin/payouts?status=rejected")["items"]] == [second]
    page = world.get(clerk, "/admin/payouts?status=pending&limit=1")
    assert [item["id"] for item in page["items"]] == [third]
    page = world.get(clerk, f"/admin/payouts?status=pending&limit=1&cursor={page['next_cursor']}")
    assert ([item["id"] for item in page["items"]], page["next_cursor"]) == ([first], None)
    assert world.send(clerk, "GET", "/admin/payouts?status=gone").status_code == 422


def test_a_list_shows_the_link_to_be_paid(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    link = world.approved(payout_id)
    (item,) = world.get(world.clerk(), "/admin/payouts")["items"]
    assert item["pay_url"] == link


def test_of_those_who_approve_at_once_one_does(world: PayoutWorld, owner: psycopg.Connection) -> None:
    clerks = [world.clerk() for _ in range(4)]
    payout_id = world.requested(world.earner())
    answers = world.when_all_wait(owner, payout_id, *[partial(world.approve, clerk, payout_id) for clerk in clerks])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 3
    assert {answer.json["code"] for answer in answers if answer.status_code == 409} == {"illegal_transition"}
    world.drain()
    assert len(world.attempts(payout_id)) == 1
    assert len(world.gateway.get("/konnect/payments").json()["items"]) == 1


@pytest.mark.parametrize("turn", range(3))
def test_approve_against_cancel_against_reject_leaves_one_of_them(
    world: PayoutWorld, owner: psycopg.Connection, turn: int
) -> None:
    mentor, clerk, other = world.earner(), world.clerk(), world.clerk()
    payout_id = world.requested(mentor)
    calls = [
        lambda: world.approve(clerk, payout_id),
        lambda: world.take_back(mentor, payout_id),
        lambda: world.reject(other, payout_id),
    ]
    answers = world.when_all_wait(owner, payout_id, *calls[turn:], *calls[:turn])
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    world.drain()
    ended = world.status(payout_id)
    assert ended in {"processing", "cancelled", "rejected"}
    assert world.wallet(mentor) == ((0, 0, 0) if ended == "processing" else (45_000, 0, 45_000))
