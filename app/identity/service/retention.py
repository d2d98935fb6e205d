"""What is forgotten: links past their time, and sign-ins that nobody can renew any more."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.identity import queries
from app.kernel.clock import wall_now

#: How many links, and how many sign-ins with all their tokens, one transaction deletes.
LINKS = 1_000
SIGN_INS = 100


def purge_links(session: Session) -> int:
    """Delete some links past their time, opened or not, and return how many; any number may run at once."""
    return queries.delete_expired_links(session, wall_now(), LINKS)


def purge_sign_ins(session: Session) -> int:
    """Delete some sign-ins past their end, with their tokens, and return how many; any number may run at once.

    Until its end one is kept whole: a spent token that is shown again must be known as such, to end its sign-in.
    """
    return queries.delete_ended_families(session, SIGN_INS)
