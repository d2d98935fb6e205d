"""The reckoning of sessions: booked, paid, cancelled, expired, held, disputed; and of the money that follows them."""

from __future__ import annotations

from tests.model.market import (
    CANCEL_NOTICE,
    DAY,
    FEE_BASIS_POINTS,
    FEES,
    MOST_UNPAID,
    PAY_LINK,
    SESSION,
    WINDOW,
    Booking,
    Link,
    Market,
    Refused,
)

ACTIVE = {"awaiting_payment", "confirmed", "completed", "closed", "disputed"}


def book(market: Market, booking: Booking, link: str) -> None:
    """Book a session: from the wallet what it has, by a new link what is missing."""
    start, end = booking.start, booking.end
    for other in list(market.bookings.values()):
        mine = other.learner == booking.learner
        near = other.mentor == booking.mentor and other.touches(start - DAY, end + DAY)
        if is_overdue(market, other) and (mine or near):
            conclude_unpaid(market, other)
    if is_taken(market, start, mentor=booking.mentor):
        raise Refused("slot_taken")
    if is_taken(market, start, learner=booking.learner):
        raise Refused("learner_busy")
    market.bookings[booking.key] = booking
    part = min(booking.price, market.books.spendable(booking.learner))
    market.books.hold_from_wallet(booking.learner, part, booking.order)
    if part < booking.price:
        open_link(market, booking, link)
    if is_covered(market, booking):
        confirm(market, booking)
    elif sum(one.state == "awaiting_payment" for one in of_learner(market, booking.learner)) > MOST_UNPAID:
        raise Refused("too_many_unpaid")


def deadline_of(market: Market, start: int) -> int:
    """Return until when a session that is booked now must be paid."""
    return min(market.now + PAY_LINK, start)


def ask_again(market: Market, booking: Booking, link: str) -> None:
    """Ask for a new link when the last one has ended and time is left."""
    if booking.order_state != "open" or market.now >= booking.deadline:
        raise Refused("order_not_open")
    if any(one.is_live for one in market.links_of(booking=booking.key)):
        raise Refused("payment_still_open")
    if is_covered(market, booking):
        raise Refused("order_not_open")
    open_link(market, booking, link)


def open_link(market: Market, booking: Booking, key: str) -> None:
    rest = booking.price - market.books.held_for(booking.order)
    market.links[key] = Link(key, rest, booking.deadline, booking.learner, booking=booking.key)


def cancel(market: Market, booking: Booking, who: str) -> None:
    """Cancel before payment at any time, afterwards within the notice: then all of it goes back."""
    if booking.state == "awaiting_payment" and is_covered(market, booking):
        confirm(market, booking)
    if booking.state == "confirmed":
        if market.now >= booking.start - (CANCEL_NOTICE if who == booking.learner else 0):
            raise Refused("too_late_to_cancel")
        give_back(market, booking)
    elif booking.state == "awaiting_payment":
        give_up(market, booking)
    else:
        raise Refused("illegal_transition")
    booking.state = "cancelled"


def report(market: Market, booking: Booking) -> None:
    """Freeze the money until somebody has decided."""
    if booking.state not in {"confirmed", "completed"}:
        raise Refused("illegal_transition")
    booking.state = "disputed"
    booking.escrow = booking.escrow and "frozen"


def resolve(market: Market, booking: Booking, outcome: str) -> None:
    """Decide whose the frozen money is."""
    if booking.state != "disputed":
        raise Refused("illegal_transition")
    if outcome == "release":
        close(market, booking)
    else:
        give_back(market, booking)
        booking.state = "cancelled"


def expire_overdue(market: Market) -> None:
    """End what nobody paid in time."""
    for booking in market.bookings.values():
        if is_overdue(market, booking):
            conclude_unpaid(market, booking)


def complete_ended(market: Market) -> None:
    """Note which sessions are over."""
    for booking in market.bookings.values():
        if booking.state == "confirmed" and booking.end <= market.now:
            booking.state = "completed"


def release_due(market: Market) -> None:
    """Pay the mentors whose window has passed."""
    for booking in market.bookings.values():
        if booking.state == "completed" and booking.end <= market.now - WINDOW:
            close(market, booking)


def take_money(market: Market, booking: Booking) -> None:
    """Do what follows when money for a booking has come, in time or not."""
    if booking.state == "awaiting_payment" and is_covered(market, booking):
        conclude_unpaid(market, booking)
    if booking.state == "expired" and not take_up_again(market, booking):
        booking.state = "paid_late"


def take_up_again(market: Market, booking: Booking) -> bool:
    """Confirm an expired booking after all, where its time is free and ahead and the wallet has its price."""
    if market.now >= booking.start:
        return False
    for other in list(market.bookings.values()):
        mine = other.learner == booking.learner
        near = other.mentor == booking.mentor and other.touches(booking.start - DAY, booking.end + DAY)
        if is_overdue(market, other) and (mine or near):
            conclude_unpaid(market, other)
    taken = is_taken(market, booking.start, mentor=booking.mentor)
    if taken or is_taken(market, booking.start, learner=booking.learner):
        return False
    cancel_live_link(market, booking)
    if market.books.spendable(booking.learner) < booking.price:
        return False
    market.books.hold_from_wallet(booking.learner, booking.price, booking.order)
    confirm(market, booking)
    return True


def end_links(market: Market, booking: Booking) -> None:
    """Take back the link of an order that is not open any more."""
    if booking.order_state != "open":
        cancel_live_link(market, booking)


# --- small steps -----------------------------------------------------------------------------------------------------


def is_overdue(market: Market, booking: Booking) -> bool:
    return booking.state == "awaiting_payment" and booking.deadline <= market.now


def is_covered(market: Market, booking: Booking) -> bool:
    return booking.order_state == "open" and market.books.held_for(booking.order) >= booking.price


def is_taken(market: Market, start: int, *, mentor: str = "", learner: str = "") -> bool:
    """Tell whether somebody has another session at a time."""
    return any(
        booking.state in ACTIVE and (booking.mentor == mentor or booking.learner == learner)
        for booking in market.bookings.values()
        if booking.touches(start, start + SESSION) and not is_overdue(market, booking)
    )


def of_learner(market: Market, learner: str) -> list[Booking]:
    return [booking for booking in market.bookings.values() if booking.learner == learner]


def conclude_unpaid(market: Market, booking: Booking) -> None:
    """Expire a booking; confirm it instead where the money came before it was to begin, and nobody has heard of it."""
    if is_covered(market, booking) and market.now < booking.start:
        confirm(market, booking)
        return
    give_up(market, booking)
    booking.state = "expired"


def confirm(market: Market, booking: Booking) -> None:
    cancel_live_link(market, booking)
    if booking.price:
        market.books.spend_holds(booking.order, f"escrow:{booking.key}", booking.price)
        booking.escrow = "funded"
    booking.order_state, booking.state = "paid", "confirmed"


def give_up(market: Market, booking: Booking) -> None:
    market.books.free_holds(booking.order)
    booking.order_state = "closed"


def give_back(market: Market, booking: Booking) -> None:
    booking.order_state = "returned"
    if booking.escrow:
        booking.escrow = "refunded"
        market.books.move({f"escrow:{booking.key}": -booking.price, f"deposit:{booking.learner}": booking.price})


def close(market: Market, booking: Booking) -> None:
    """Pay the mentor all but the fee, which is rounded half up."""
    booking.state = "closed"
    if booking.escrow:
        booking.escrow = "released"
        fee = (booking.price * FEE_BASIS_POINTS + 5_000) // 10_000
        part = booking.price - fee
        market.books.move({f"escrow:{booking.key}": -booking.price, FEES: fee, f"earnings:{booking.mentor}": part})


def cancel_live_link(market: Market, booking: Booking) -> None:
    for link in market.links_of(booking=booking.key):
        if link.is_live:
            link.state = "cancelled"
