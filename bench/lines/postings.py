"""The ledger: postings from two Python processes, and pgbench calling the same function."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from app.ledger import queries
from bench import pgbench
from bench.line import Aim, Line, Run
from bench.scene import Scene
from bench.timing import Timing
from bench.world import AS_IN_PRODUCTION, ROOT, Broken

PROCESSES, THREADS = 2, 4
EACH = 2400
ACCOUNTS = 400

# In a transaction that is begun and committed as ours is. Every second posting is the other way round: all comes back
# to zero. pgbench takes a colon and a name for a variable even inside of quotes.
_POST = pgbench.statement(
    queries.POST, ref="'bench:' || :round::text || ':' || :client_id::text || ':' || :i::text", kind="'suspense'",
    codes="ARRAY['psp:' || 'bench' || :account::text, 'suspense:' || 'bench' || :account::text]", currency="'TND'",
    amounts="ARRAY[-(:sign)::bigint, :sign]", effective_at="now()",
)  # fmt: skip
SQL = f"""
\\set account 1 + ((:client_id * 50 + :i / 2) % :accounts)
\\set sign 1 - 2 * (:i % 2)
\\set i :i + 1
BEGIN;
{_POST}
COMMIT;
"""


class Postings(Line):
    """A posting in a transaction of its own: spread over many accounts, and all on the same two."""

    name = "ledger posting"
    unit = "postings"
    limits = {"spread": "spread, SQL alone", "hot": "hot, SQL alone"}  # noqa: RUF012 - nobody changes it
    aims = (Aim("spread", "share", least=60), Aim("hot", "share", least=60))
    worked_here = ("spread", "hot")

    def __init__(self, scene: Scene) -> None:
        """Take the scene."""
        self._scene = scene

    def parts(self, number: int) -> Sequence[tuple[str, Run]]:
        """Return both kinds for both sides."""
        return (
            ("spread, SQL alone", lambda: self._limit(2 * number, ACCOUNTS)),
            ("spread", lambda: self._ours(2 * number, ACCOUNTS)),
            ("hot, SQL alone", lambda: self._limit(2 * number + 1, 1)),
            ("hot", lambda: self._ours(2 * number + 1, 1)),
        )

    def _limit(self, number: int, accounts: int) -> Timing:
        variables = {"round": number, "accounts": accounts, "i": 0}
        return pgbench.run(self._scene.world.database_url, SQL, each=EACH // pgbench.CLIENTS, variables=variables)

    def _ours(self, number: int, accounts: int) -> Timing:
        """Have the processes post at once; they say when they are ready, and wait for a word."""
        posters = [_start(f"{number}-{process}", accounts) for process in range(PROCESSES)]
        for poster in posters:
            if not poster.stdout or poster.stdout.readline().strip() != "ready":
                raise Broken("a process of the bench did not start")
        for poster in posters:
            print("go", file=poster.stdin, flush=True)
        told = [json.loads(poster.communicate()[0]) for poster in posters]
        latencies = [latency for one in told for latency in one["latencies"]]
        return Timing(len(latencies), max(one["seconds"] for one in told), latencies)


def _start(name: str, accounts: int) -> subprocess.Popen[str]:
    command = [
        sys.executable, "-m", "bench.poster", name, str(THREADS), str(EACH // PROCESSES // THREADS), str(accounts),
    ]  # fmt: skip
    environment = os.environ | AS_IN_PRODUCTION
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
