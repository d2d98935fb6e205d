"""The ledger: postings from two Python processes, and pgbench calling the same function."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

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

Poster = subprocess.Popen[str]


class Postings(Line):
    """A posting in a transaction of its own: spread over many accounts, and all on the same two."""

    name = "ledger posting"
    unit = "postings"
    limits = {"spread": "spread, SQL alone", "hot": "hot, SQL alone"}  # noqa: RUF012 - nobody changes it
    aims = (Aim("spread", "share", least=60), Aim("hot", "share", least=60))
    worked_here = ("spread", "hot")

    def __init__(self, scene: Scene, *, each: int = EACH) -> None:
        """Take the scene, and how many postings a part consists of."""
        self._scene = scene
        self._each = each

    def parts(self, number: int) -> Iterator[tuple[str, Run]]:
        """Give both kinds for both sides."""
        for part, turn, accounts in (("spread", 2 * number, ACCOUNTS), ("hot", 2 * number + 1, 1)):
            yield f"{part}, SQL alone", partial(self._limit, turn, accounts)
            with _posters(turn, accounts, self._each) as posters:
                yield part, partial(_post, posters)

    def _limit(self, number: int, accounts: int) -> Timing:
        variables = {"round": number, "accounts": accounts, "i": 0}
        return pgbench.run(self._scene.world.database_url, SQL, each=self._each // pgbench.CLIENTS, variables=variables)


@contextmanager
def _posters(turn: int, accounts: int, each: int) -> Iterator[Sequence[Poster]]:
    """Start the processes; they say when they are ready, and wait for a word."""
    posters = [_start(f"{turn}-{process}", accounts, each) for process in range(PROCESSES)]
    try:
        if {_line_of(poster) for poster in posters} != {"ready"}:
            raise Broken("a process of the bench did not start")
        yield posters
    finally:
        for poster in posters:
            poster.communicate()  # without a word they end, too


def _post(posters: Sequence[Poster]) -> Timing:
    for poster in posters:
        print("go", file=poster.stdin, flush=True)
    told = [json.loads(_line_of(poster)) for poster in posters]
    latencies = [latency for one in told for latency in one["latencies"]]
    return Timing(len(latencies), max(one["seconds"] for one in told), latencies)


def _line_of(poster: Poster) -> str:
    assert poster.stdout  # noqa: S101 - it is a pipe
    return poster.stdout.readline().strip()


def _start(name: str, accounts: int, each: int) -> Poster:
    command = [
        sys.executable, "-m", "bench.poster", name, str(THREADS), str(each // PROCESSES // THREADS), str(accounts),
    ]  # fmt: skip
    environment = os.environ | AS_IN_PRODUCTION
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
