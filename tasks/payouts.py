"""What payouts do about events: links, settlement, news for mentors."""

from __future__ import annotations

from app.infra.db import session_scope
from app.payouts import handlers, service
from tasks.delivery import Errand, with_outside_calls
from tasks.news import tell


@with_outside_calls
def open_link(errand: Errand) -> None:
    """Get the link of an approved payout from its gateway."""
    with session_scope() as session:
        request = service.prepare_link(session, errand.event.attempt_id)
    if request is None:
        return
    record_outcome = handlers.ask_for_link(request)
    with errand.outcome() as session:
        record_outcome(session)


@with_outside_calls
def settle(errand: Errand) -> None:
    """Look at a link after a ping or when a poll is due, and do what the gateway's answer asks for."""
    attempt_id, ping_id = errand.event.attempt_id, getattr(errand.event, "ping_id", None)
    with session_scope() as session:
        wanted = service.prepare_look(session, attempt_id, ping_id)
    record_outcome = handlers.look_at(wanted, tries=errand.claimed.attempt) if wanted else None
    if record_outcome is None:
        return
    with errand.outcome() as session:
        record_outcome(session)


@with_outside_calls
def send_paid(errand: Errand) -> None:
    """Tell the mentor that the money came."""
    tell(errand, handlers.write_paid)


@with_outside_calls
def send_rejection(errand: Errand) -> None:
    """Tell the mentor that there will be no payout, why, and where the money is."""
    tell(errand, handlers.write_rejection)


@with_outside_calls
def send_return(errand: Errand) -> None:
    """Tell the mentor that it takes longer."""
    tell(errand, handlers.write_return)


@with_outside_calls
def send_charge(errand: Errand) -> None:
    """Tell the mentor of money that came for a closed payout, and was taken from the earnings."""
    tell(errand, handlers.write_charge)
