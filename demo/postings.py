"""What our own ledger says of the story: read entry by entry, by the refs of its postings."""

from __future__ import annotations

from collections.abc import Sequence

from demo.database import connect

_POSTED = """
    SELECT coalesce(sum(e.amount), 0)::bigint
    FROM ledger.entry AS e
    JOIN ledger.txn AS t ON t.id = e.txn_id
    JOIN ledger.account AS a ON a.id = e.account_id
    WHERE a.kind = %s AND t.ref = ANY(%s)
"""


def posted(database_url: str, kind: str, refs: Sequence[str]) -> int:
    """Return what these postings moved to accounts of a kind, in millimes."""
    with connect(database_url) as connection:
        (amount,) = connection.execute(_POSTED, [kind, list(refs)]).fetchone() or (0,)
    return int(amount)
