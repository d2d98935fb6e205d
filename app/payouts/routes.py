"""The doors of payouts: for mentors, and for the back office that decides and pays."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.identity.guards import requires
from app.kernel.money import UnsupportedCurrency
from app.kernel.states import IllegalTransition
from app.ledger.errors import InsufficientFunds
from app.payments.errors import AmountNotPayable
from app.payouts import errors, schemas, service
from app.payouts.service import PayoutView
from app.web import cursors
from app.web.actor import current_actor
from app.web.blueprint import room_blueprint
from app.web.idempotent import idempotent
from app.web.promises import LOCATION, refuses
from app.web.schemas import PageQuery
from app.web.transaction import request_scope
from app.web.waiting import answer_when_changed, waits

blp = room_blueprint("payouts", "Earnings on their way to the mentor's own wallet.")


@blp.route("/payouts/destination", methods=["GET"])
@requires("mentor")
@blp.response(200, schemas.DestinationSchema)
@refuses(errors.DestinationNotSet)
def show_destination() -> dict[str, str]:
    """Show where the caller's money goes."""
    with request_scope() as session:
        return {"konnect_wallet_id": service.show_destination(session, current_actor().id)}


@blp.route("/payouts/destination", methods=["PUT"])
@requires("mentor")
@blp.arguments(schemas.DestinationRequest)
@blp.response(200, schemas.DestinationSchema)
@refuses(errors.OwnWalletNeeded)
def set_destination(body: dict[str, str]) -> dict[str, str]:
    """Say where the caller's money goes from now on; payouts that were requested keep their destination."""
    with request_scope() as session:
        service.set_destination(session, current_actor().id, body["konnect_wallet_id"])
    return body


@blp.route("/payouts", methods=["POST"])
@requires("mentor")
@idempotent
@blp.arguments(schemas.PayoutRequest)
@blp.response(201, schemas.PayoutSchema, headers=LOCATION)
@refuses(UnsupportedCurrency, AmountNotPayable, errors.NoDestination, InsufficientFunds)
def request_payout(body: dict[str, Any]) -> tuple[PayoutView, int, dict[str, str]]:
    """Ask for earnings to be paid out; they can be spent no more."""
    with request_scope() as session:
        payout_id = service.request_payout(session, current_actor().id, body["amount"])
        payout = service.show_payout(session, payout_id, current_actor().id)
    return payout, 201, {"Location": f"/api/v1/payouts/{payout_id}"}


@blp.route("/payouts", methods=["GET"])
@requires("mentor")
@blp.arguments(PageQuery, location="query")
@blp.response(200, schemas.PayoutPage)
def list_payouts(query: dict[str, Any]) -> dict[str, Any]:
    """List the caller's payouts, the latest first."""
    name = f"payouts {current_actor().id}"
    with request_scope() as session:
        found = service.list_payouts(session, current_actor().id, before=_before(name, query), limit=query["limit"] + 1)
    return cursors.page(name, found, query["limit"], _position)


@blp.route("/payouts/<uuid:payout_id>", methods=["GET"])
@requires("mentor", whose="a payout of the caller")
@waits
@blp.response(200, schemas.PayoutSchema)
@refuses(errors.NoSuchPayout)
def show_payout(payout_id: UUID) -> PayoutView:
    """Show one of the caller's payouts; with Prefer: wait=N as soon as its status changes."""
    mentor_id = current_actor().id

    def read() -> PayoutView:
        with request_scope() as session:
            return service.show_payout(session, payout_id, mentor_id)

    return answer_when_changed(read, version=lambda payout: payout.status, rows=lambda payout: [payout.id])


@blp.route("/payouts/<uuid:payout_id>/cancel", methods=["POST"])
@requires("mentor", whose="a payout of the caller")
@blp.response(200, schemas.PayoutSchema)
@refuses(errors.NoSuchPayout, IllegalTransition, errors.LinkCanStillBePaid)
def cancel(payout_id: UUID) -> PayoutView:
    """Take a request back before it is approved: the money is in the wallet again."""
    with request_scope() as session:
        service.cancel(session, current_actor().id, payout_id)
        return service.show_payout(session, payout_id, current_actor().id)


@blp.route("/admin/payouts", methods=["GET"])
@requires("finance", "admin")
@blp.arguments(schemas.AdminPayoutQuery, location="query")
@blp.response(200, schemas.AdminPayoutPage)
def list_all_payouts(query: dict[str, Any]) -> dict[str, Any]:
    """List everybody's payouts, the latest first."""
    name = f"all payouts {query['status']}"
    with request_scope() as session:
        found = service.list_all_payouts(
            session, status=query["status"], before=_before(name, query), limit=query["limit"] + 1
        )
    return cursors.page(name, found, query["limit"], _position)


@blp.route("/admin/payouts/<uuid:payout_id>", methods=["GET"])
@requires("finance", "admin")
@blp.response(200, schemas.AdminPayoutSchema)
@refuses(errors.NoSuchPayout)
def show_any_payout(payout_id: UUID) -> PayoutView:
    """Show a payout with its links."""
    with request_scope() as session:
        return service.show_payout(session, payout_id, None)


@blp.route("/admin/payouts/<uuid:payout_id>/approve", methods=["POST"])
@requires("finance", "admin", whose="a payout of somebody else")
@blp.arguments(schemas.ApproveRequest)
@blp.response(200, schemas.AdminPayoutSchema)
@refuses(errors.NoSuchPayout, errors.OwnPayout, IllegalTransition, errors.LinkCanStillBePaid)
def approve(_body: dict[str, Any], payout_id: UUID) -> PayoutView:
    """Approve somebody else's payout: a link is made by which it is paid."""
    with request_scope() as session:
        service.approve(session, current_actor().id, payout_id)
        return service.show_payout(session, payout_id, None)


@blp.route("/admin/payouts/<uuid:payout_id>/reject", methods=["POST"])
@requires("finance", "admin", whose="a payout of somebody else")
@blp.arguments(schemas.RejectRequest)
@blp.response(200, schemas.AdminPayoutSchema)
@refuses(errors.NoSuchPayout, errors.OwnPayout, IllegalTransition, errors.LinkCanStillBePaid)
def reject(body: dict[str, str], payout_id: UUID) -> PayoutView:
    """Reject somebody else's payout: the money is in the mentor's wallet again."""
    with request_scope() as session:
        service.reject(session, current_actor().id, payout_id, body["reason"])
        return service.show_payout(session, payout_id, None)


@blp.route("/admin/payouts/<uuid:payout_id>/resolve", methods=["POST"])
@requires("finance", "admin", whose="a payout of somebody else")
@blp.arguments(schemas.ReceivedRequest)
@blp.response(200, schemas.AdminPayoutSchema)
@refuses(
    errors.NoSuchPayout,
    errors.OwnPayout,
    UnsupportedCurrency,
    errors.WrongCurrency,
    IllegalTransition,
    errors.LinkCanStillBePaid,
)
def resolve(body: dict[str, Any], payout_id: UUID) -> PayoutView:
    """Say how much of somebody else's unknown payout they have received: `paid`, or `rejected` where nothing was."""
    with request_scope() as session:
        service.resolve(session, current_actor().id, payout_id, **body)
        return service.show_payout(session, payout_id, None)


def _before(name: str, query: dict[str, Any]) -> UUID | None:
    found = cursors.decode(name, query["cursor"])
    return UUID(found[0]) if found else None


def _position(payout: PayoutView) -> list[str]:
    return [str(payout.id)]
