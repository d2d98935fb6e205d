"""The reckoning of money that goes out: requested, decided, paid by a link, once; and what goes wrong on the way."""

from __future__ import annotations

from tests.model.market import PAYOUT_LINK, PSP, SUSPENSE, Link, Market, Payout, Refused


def request(market: Market, key: str, mentor: str, amount: int) -> None:
    """Put earnings on their way out."""
    if amount > market.books.free(f"earnings:{mentor}"):
        raise Refused("insufficient_funds")
    market.payouts[key] = Payout(key, mentor, amount)
    market.books.move({f"earnings:{mentor}": -amount, f"payout_pending:{key}": amount})


def approve(market: Market, payout: Payout, link: str) -> None:
    """Have a new link made, unless an old one may be paid or was paid otherwise than asked."""
    if payout.state not in {"pending", "unknown"}:
        raise Refused("illegal_transition")
    if not may_be_paid_again(market, payout):
        raise Refused("link_can_still_be_paid")
    payout.state = "approved"
    market.links[link] = Link(link, payout.amount, market.now + PAYOUT_LINK, payout=payout.key)


def reject(market: Market, payout: Payout) -> None:
    """Say no; the money is the mentor's again."""
    if payout.state not in {"pending", "unknown"}:
        raise Refused("illegal_transition")
    give_back(market, payout, "rejected")


def cancel(market: Market, payout: Payout) -> None:
    """Take a request back."""
    if payout.state != "pending":
        raise Refused("illegal_transition")
    give_back(market, payout, "cancelled")


def resolve(market: Market, payout: Payout, received: int) -> None:
    """Close an unknown payout by what a person has found out: its mentor has received so much of it."""
    if payout.state != "unknown":
        raise Refused("illegal_transition")
    links = market.links_of(payout=payout.key)
    if any((link.is_live or link.state == "unknown") and market.now < link.expires for link in links):
        raise Refused("link_can_still_be_paid")
    pending, earnings = f"payout_pending:{payout.key}", f"earnings:{payout.mentor}"
    part = min(received, payout.amount)
    payout.state = "paid" if received else "rejected"
    market.books.move({pending: part - payout.amount, earnings: payout.amount - part})
    if received:
        doubted = ("conflicted", "awaiting_payer", "initiating", "unknown")
        link = next(one for state in doubted for one in links if one.state == state)
        away = SUSPENSE if link.state == "conflicted" else PSP
        link.state, link.was_resolved = "paid", True
        market.books.move({pending: -part, away: part})
        charge(market, payout, received - part, away)
    for link in links:
        link.state = "expired" if link.is_live else link.state


def make_link(market: Market, link: Link, answer: str) -> None:
    """Ask the gateway for the link of a payout: `made`, `lost`, `nothing done` or `refused`."""
    payout = market.payouts[link.payout or ""]
    if link.state != "initiating":
        return
    if market.now >= link.expires:
        give_up_asking(market, payout, link)
        return
    link.calls += 1
    link.exists = answer in {"made", "lost"}
    if answer == "made":
        link.known, link.state, link.expires = True, "awaiting_payer", market.now + PAYOUT_LINK
        payout.state = "processing" if payout.state == "approved" else payout.state
    elif answer == "refused":
        link.state = "failed"
        return_to_pending(market, payout)
    else:
        link.state = "unknown"
        lose(payout)


def look(market: Market, link: Link, *, was_pinged: bool, can_be_asked: bool) -> bool:
    """Look at a link after a ping, which names what it is about, or by the clock; False when that must be done again.

    That nobody can be asked is an answer only of a link which has expired, and is looked at by the clock until it ends.
    """
    payout, has_expired = market.payouts[link.payout or ""], market.now >= link.expires
    if link.is_final:
        return True
    if not link.known and not was_pinged:
        if has_expired:
            give_up_asking(market, payout, link)
        return True
    if not can_be_asked:
        is_asked_for_ever = has_expired and link.is_live and link.known
        if is_asked_for_ever:
            lose(payout)
        return is_asked_for_ever
    link.known = True
    if link.reached == link.amount:
        pay(market, payout, link)
    elif has_expired and link.reached:
        link.state = "conflicted"
        market.books.move({SUSPENSE: -link.reached, PSP: link.reached})
        lose(payout)
    elif has_expired and (link.is_live or link.state == "unknown"):
        link.state = "expired"
        return_to_pending(market, payout)
    return True


def pay(market: Market, payout: Payout, link: Link) -> None:
    """Pay an open payout; what a closed one received is taken from the earnings as far as they reach."""
    if payout.is_open:
        link.state = payout.state = "paid"
        market.books.move({f"payout_pending:{payout.key}": -payout.amount, PSP: payout.amount})
        for other in market.links_of(payout=payout.key):
            if other.is_live:
                other.state = "cancelled"
        return
    link.state = "conflicted"
    charge(market, payout, payout.amount, PSP)


# --- small steps -----------------------------------------------------------------------------------------------------


def charge(market: Market, payout: Payout, amount: int, to: str) -> None:
    """Take what was received too much from the earnings as far as they reach; the rest is a debt."""
    covered = min(amount, market.books.free(f"earnings:{payout.mentor}"))
    market.books.move({f"earnings:{payout.mentor}": -covered, to: covered})
    payout.debt += amount - covered


def may_be_paid_again(market: Market, payout: Payout) -> bool:
    return not any(link.is_live or link.state == "conflicted" for link in market.links_of(payout=payout.key))


def give_back(market: Market, payout: Payout, state: str) -> None:
    """Give the money back, unless a link may still take it: one that nobody has seen counts until its time is up."""
    for link in market.links_of(payout=payout.key):
        if link.is_live or (link.state == "unknown" and market.now < link.expires):
            raise Refused("link_can_still_be_paid")
    payout.state = state
    market.books.move({f"payout_pending:{payout.key}": -payout.amount, f"earnings:{payout.mentor}": payout.amount})


def give_up_asking(market: Market, payout: Payout, link: Link) -> None:
    if link.state != "initiating":
        return
    link.state = "unknown" if link.calls else "expired"
    if link.calls:
        lose(payout)
    else:
        return_to_pending(market, payout)


def return_to_pending(market: Market, payout: Payout) -> None:
    """Have it decided again, unless another link stands in the way."""
    if payout.is_open and may_be_paid_again(market, payout):
        payout.state = "pending"


def lose(payout: Payout) -> None:
    """Nobody can say whether it was paid."""
    if payout.is_open:
        payout.state = "unknown"
