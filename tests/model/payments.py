"""The reckoning of money that comes in: links, what the gateway answers about them, and what is believed of it."""

from __future__ import annotations

from tests.model.market import PAY_LINK, PSP, Hold, Link, Market


def top_up(market: Market, key: str, payer: str, amount: int) -> None:
    """Ask for a link to bring money into a wallet."""
    market.links[key] = Link(key, amount, market.now + PAY_LINK, payer)


def make_link(market: Market, link: Link, answer: str) -> None:
    """Ask the gateway for a link, unless it is needed no more: `made`, `lost`, `nothing done` or `refused`."""
    if link.state != "initiating" or (link.booking and market.bookings[link.booking].order_state != "open"):
        return
    if market.now >= link.expires:
        give_up_asking(link)
        return
    link.calls += 1
    link.exists = answer in {"made", "lost"}
    link.known = answer == "made"
    link.state = {"made": "awaiting_payer", "refused": "failed"}.get(answer, "unknown")


def look(market: Market, link: Link, *, was_pinged: bool, can_be_asked: bool) -> bool:
    """Look at a link after a ping, which names what it is about, or by the clock; False when that must be repeated."""
    if link.is_final:
        return True
    if not link.known and not was_pinged:
        if market.now >= link.expires:
            give_up_asking(link)
        return True
    if not can_be_asked:
        return False
    link.known = True
    book_what_came(market, link)
    if link.reached == link.amount:
        link.state = "captured"
    elif market.now >= link.expires and link.is_live:
        link.state = "expired"
    return True


def book_what_came(market: Market, link: Link) -> None:
    """Book what came since the last look; while its order is open, it is there for that alone."""
    came = link.reached - link.captured
    if not came:
        return
    link.captured = link.reached
    account = f"deposit:{link.payer}"
    market.books.move({PSP: -came, account: came})
    booking = market.bookings[link.booking] if link.booking else None
    if booking and booking.order_state == "open":
        market.books.holds.append(Hold(booking.order, account, came))


def give_up_asking(link: Link) -> None:
    """End a link that was never made; nobody knows what became of a call that was."""
    if link.is_live:
        link.state = "unknown" if link.calls else "expired"
