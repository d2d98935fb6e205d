"""One process that posts to the ledger: `python -m bench.poster NAME THREADS POSTINGS ACCOUNTS`, for bench.lines."""

from __future__ import annotations

import json
import sys

from app.infra.db import session_scope
from app.kernel.money import Money
from app.ledger import service as ledger
from bench.load import Call, call_all


def main() -> None:
    """Say that we are ready, wait for a word, post, tell how long each posting took, and wait for the end of words."""
    name, threads, postings, accounts = sys.argv[1], *map(int, sys.argv[2:5])
    shares = [[_posting(name, thread, n, accounts) for n in range(postings)] for thread in range(threads)]
    call_all([[_look] for _ in range(threads)])  # opens the connections
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if not sys.stdin.readline():  # who has started us is gone, or does not need us
        return
    timing = call_all(shares)
    sys.stdout.write(json.dumps({"seconds": timing.seconds, "latencies": list(timing.latencies)}) + "\n")
    sys.stdout.flush()
    sys.stdin.readline()  # stay until the meter was read: what our connections' servers have spent goes with them


def _posting(name: str, thread: int, n: int, accounts: int) -> Call:
    account = 1 + (thread * 50 + n // 2) % accounts
    amount = Money(1 if n % 2 else -1, "TND")

    def post() -> str:
        lines = {f"psp:bench{account}": -amount, f"suspense:bench{account}": amount}
        with session_scope() as session:
            ledger.post(session, f"bench:{name}:{thread}:{n}", "suspense", lines)
        return "posted"

    return post


def _look() -> str:
    with session_scope() as session:
        ledger.balance(session, "psp:bench1", "TND")
    return "looked"


if __name__ == "__main__":
    main()
