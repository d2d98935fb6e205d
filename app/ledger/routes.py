"""GET /wallet and /wallet/transactions."""

from __future__ import annotations

from typing import Any

from app.identity.guards import requires
from app.ledger import service
from app.ledger.schemas import MovementPage, WalletView
from app.web import cursors
from app.web.actor import current_actor
from app.web.blueprint import room_blueprint
from app.web.schemas import BIGINT_MAX, PageQuery
from app.web.transaction import request_scope

blp = room_blueprint("wallet", "What a user can spend, what is held, and every movement of it.")


@blp.route("/wallet", methods=["GET"])
@requires()
@blp.response(200, WalletView)
def show_wallet() -> dict[str, Any]:
    """Show the caller's balances."""
    with request_scope() as session:
        return {"balances": service.wallet(session, current_actor().id)}


@blp.route("/wallet/transactions", methods=["GET"])
@requires()
@blp.arguments(PageQuery, location="query")
@blp.response(200, MovementPage)
def list_transactions(query: dict[str, Any]) -> dict[str, Any]:
    """List the movements of the caller's wallet, the latest first."""
    name = f"wallet {current_actor().id}"
    (before,) = cursors.decode(name, query["cursor"]) or [BIGINT_MAX]
    with request_scope() as session:
        found = service.movements(session, current_actor().id, before=before, limit=query["limit"] + 1)
    return cursors.page(name, found, query["limit"], lambda movement: [movement.id])
