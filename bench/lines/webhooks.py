"""A gateway's webhook, stored durably: through the API, and the same statements by pgbench."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from app.infra import crypto
from app.infra.outbox.record import RECORD
from app.payments import queries
from app.payments.service.attempts import WEBHOOK_LABEL
from bench import pgbench
from bench.line import Aim, Line, Run
from bench.load import request, send_all
from bench.scene import Scene
from bench.timing import Timing
from bench.world import Broken

EACH = 1600


def _id(kind: str) -> str:
    """Return an expression for the id of the webhook's attempt (8000), ping (a000), fact (9000) or delivery (b000)."""
    return f"('00000000-0000-7000-{kind}-' || lpad(:n::text, 12, '0'))"


def _filled(rows: list[dict[str, object]]) -> str:
    """Return an expression for JSON in which %1$s is the attempt, %2$s the ping, %3$s the fact, %4$s the delivery."""
    return f"format('{json.dumps(rows)}', {', '.join(map(_id, ('8000', 'a000', '9000', 'b000')))})"


_FACT = {"id": "%3$s", "type": "WebhookReceived", "payload": {"payment_id": "%1$s", "ping_id": "%2$s"}, "reactions": 1}
_WORK = {
    "id": "%4$s", "event_id": "%3$s", "task": "tasks.payments.settle", "queue": "payments",
    "ordering_key": "payment:%1$s", "tries": 8, "cap_seconds": 600,
}  # fmt: skip

# What one request does in its transaction: app/payments/service/inbox.py:receive_ping.
SQL = f"""
\\set n :base + :client_id * 1000000 + :i
\\set i :i + 1
BEGIN;
{pgbench.statement(queries.FIND_PINGED, id=f"{_id('8000')}::uuid")}
{
    pgbench.statement(
        queries.WRITE_PING, id=f"{_id('a000')}::uuid", payment_id=f"{_id('8000')}::uuid", payment_ref="NULL"
    )
}
{pgbench.statement(RECORD, facts=_filled([_FACT]), work=_filled([_WORK]), correlation_id="'bench'")}
COMMIT;
"""

_ATTEMPTS = """
    INSERT INTO payment (id, payer_id, purpose, gateway, amount, currency, description, status, create_calls,
        payment_ref, expires_at, created_at)
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, %s, 'top_up', 'konnect', 1000, 'TND', 'bench',
        'awaiting_payer', 1, lpad(n::text, 24, '0'), now() + interval '1 day', now()
    FROM unnest(%s::bigint[]) AS n
"""
_PUT_ASIDE = """
    UPDATE delivery SET state = 'discarded', finished_at = now()
    WHERE task = 'tasks.payments.settle' AND state = 'pending'
"""


class Webhooks(Line):
    """Webhooks for attempts that wait, each once (unique); and once more while the first waits (repeated)."""

    name = "webhook stored durably"
    unit = "webhooks"
    limits = {"unique": "SQL alone"}  # noqa: RUF012 - nobody changes it
    aims = (Aim("unique", "share", least=20), Aim("unique", "p99", most=40))

    def __init__(self, scene: Scene) -> None:
        """Take the scene."""
        self._scene = scene

    def parts(self, number: int) -> Iterator[tuple[str, Run]]:
        """Make attempts for both sides, and see afterwards what was written for ours."""
        base = (number + 1) * 100_000_000
        ours = [base + n for n in range(EACH)]
        theirs = [
            base + 10_000_000 + client * 1_000_000 + n
            for client in range(pgbench.CLIENTS)
            for n in range(EACH // pgbench.CLIENTS)
        ]
        self._scene.world.value(_ATTEMPTS, self._scene.learners[0].id, ours + theirs)
        paths = [self._path(n) for n in ours]
        with self._writing(EACH):
            yield "SQL alone", lambda: self._limit(base + 10_000_000)
        with self._writing(EACH):
            yield "unique", lambda: self._send(paths)
        with self._writing(0):
            yield "repeated", lambda: self._send(paths)

    def settle(self) -> None:
        """Put the deliveries aside: no gateway knows these payments."""
        self._scene.world.value(_PUT_ASIDE)

    @contextmanager
    def _writing(self, rows: int) -> Iterator[None]:
        """See that so many rows are written meanwhile, and put aside what is to be done about them."""
        world = self._scene.world
        before = world.value("SELECT count(*) FROM webhook_ping")
        with world.without_relay():
            yield
            self.settle()  # before the relay sees them: a ping that was looked at makes room for another
        written = world.value("SELECT count(*) FROM webhook_ping") - before
        if written != rows:
            raise Broken(f"webhooks wrote {written} rows, not {rows}")

    def _send(self, paths: Sequence[bytes]) -> Timing:
        timing = send_all(self._scene.world.api, paths)
        if set(timing.answers) != {"200"}:
            raise Broken(f"webhooks were answered {dict(timing.answers)}")
        return timing

    def _limit(self, base: int) -> Timing:
        variables = {"base": base, "i": 0}
        return pgbench.run(self._scene.world.database_url, SQL, each=EACH // pgbench.CLIENTS, variables=variables)

    @staticmethod
    def _path(n: int) -> bytes:
        payment = str(UUID(f"00000000-0000-7000-8000-{n:012d}"))
        mac = crypto.mac(WEBHOOK_LABEL, payment)
        return request("GET", f"/api/v1/webhooks/konnect/{payment}/{mac}?payment_ref={n:024d}")
