"""docs/runbook.md is read when something burns: what it says to type can be typed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest

from app.infra.config import Settings
from app.infra.db import session_scope
from app.ledger import service as ledger
from app.ops import books
from app.ops.health import checks, verdicts
from app.payments import service as payments
from app.payments.states import PaymentState
from app.payouts.states import PayoutState
from embedded.binaries import find_postgres
from tests.architecture.sources import ROOT
from tests.architecture.test_documents import README, rows
from tests.factories.identity import MadeUser, make_user, token_for
from tests.factories.payments import snapshot, tnd

RUNBOOK = (ROOT / "docs/runbook.md").read_text()
SQL = re.findall(r"```sql\n(.*?)```", RUNBOOK, re.DOTALL)
SHELL = [line for block in re.findall(r"```sh\n(.*?)```", RUNBOOK, re.DOTALL) for line in block.splitlines() if line]
COMMANDS = [*SHELL, *re.findall(r"`((?:docker|flask) [^`]+)`", RUNBOOK)]
FLASK = [command.partition("flask --app wsgi ")[2] for command in COMMANDS if "flask --app wsgi " in command]
HEALTH = dict(re.findall(r"^\| `(\w+)` (\|.*)$", RUNBOOK.partition("| check |")[2].partition("##")[0], re.MULTILINE))
ROUTES = re.findall(r"`(GET|POST) (/[^`?]*)", RUNBOOK)
#: What dumps, and what restores, as typed inside the container.
BACKUP = [line.partition(" postgres ")[2] for line in SHELL if "pg_dump" in line or "pg_restore" in line]


@dataclass(frozen=True)
class Conflicted:
    """A payment of which the gateway tells otherwise than was asked, and whose it is."""

    payer: MadeUser
    id: UUID


@pytest.fixture
def conflicted(database, flask_app):
    """Have 44 dinars in suspense, of somebody who was asked for 45."""
    with session_scope() as session:
        payer = make_user(session)
        payment_id = payments.open_top_up(session, payer.id, tnd(45_000))
        payments.prepare_checkout(session, payment_id)
        told = snapshot(order_id=str(payment_id), amount=44_000, reached=44_000)
        payments.settle(session, payment_id, told, had_expired=False, is_last=False)
    return Conflicted(payer, payment_id)


def filled_in(statement: str, conflicted: Conflicted) -> str:
    """Give psql's variables values."""
    values = {"payment": f"'{conflicted.id}'", "request": "'some-request'"}
    return re.sub(r"(?<![:\w]):'?([a-z]+)\b'?", lambda found: values[found[1]], statement)


def containing(word: str) -> str:
    """Return the one statement of the page in which this stands."""
    (found,) = [statement for statement in SQL if word in statement.partition("FROM")[0]]
    return found


GIVE, SEND_BACK, LIST = containing("'correction:'"), containing("ledger.reverse"), containing("put_right_by")


def test_there_is_something_to_try():
    assert (len(SQL) > 5, len(FLASK) > 8, len(ROUTES) > 8) == (True, True, True)


@pytest.mark.parametrize("statement", SQL, ids=range(len(SQL)))
def test_a_statement_runs(statement, owner, conflicted):
    with owner.transaction(force_rollback=True):
        owner.execute(filled_in(statement, conflicted))


@pytest.mark.parametrize(
    ("first", "then", "in_wallet", "put_right_by"),
    [(GIVE, SEND_BACK, 44_000, "correction"), (SEND_BACK, GIVE, 0, "sent-back")],
    ids=["given to the payer", "sent back"],
)
def test_money_leaves_suspense_once_one_way_or_the_other(owner, conflicted, first, then, in_wallet, put_right_by):
    assert [row[1:] for row in listed(owner, conflicted)] == [(44_000, "open")]
    for statement in (first, first, then):
        owner.execute(filled_in(statement, conflicted))
    suspense = owner.execute("SELECT posted FROM ledger.account WHERE code = 'suspense:konnect'").fetchone()
    assert suspense == (0,)
    ref = f"{put_right_by}:{conflicted.id}"
    assert listed(owner, conflicted) == [(f"suspense:{conflicted.id}", 44_000, ref)]
    with session_scope() as session:
        assert ledger.available(session, conflicted.payer.id, "TND") == tnd(in_wallet)
        assert [broken.name for broken in books.check_invariants(session) if not broken.holds] == []


def listed(owner, conflicted):
    """Return (ref, what was put aside, put right by) as the page has it."""
    rows = owner.execute(filled_in(LIST, conflicted)).fetchall()
    assert {row[3] for row in rows} == {conflicted.payer.id}
    return [(row[0], row[1], row[-1]) for row in rows]


def test_the_payer_finds_it_in_the_wallet_s_history(owner, client, conflicted):
    owner.execute(filled_in(GIVE, conflicted))
    (line,) = client.get("/api/v1/wallet/transactions", headers=token_for(conflicted.payer)).json["items"]
    assert (line["kind"], line["amount"]["amount"]) == ("correction", 44_000)
    assert line["reference"] == {"kind": "payment", "id": str(conflicted.id)}


@pytest.mark.parametrize("words", FLASK)
def test_a_flask_command_is_understood(words, flask_app):
    command, rest = flask_app.cli, shlex.split(words)
    while rest and hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    command.make_context(command.name, rest)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_route_is_there(method, path, flask_app):
    wanted = path.replace("{id}", "01a1fad5-4f71-7c02-a3ed-2a6e275bfec1")
    flask_app.url_map.bind("").match(wanted, method=method)


def test_the_services_are_those_of_the_compose_file(compose):
    named = {word for command in COMMANDS for word in words_of_docker(command)}
    assert {"api", "relay", "postgres", "redis", "worker-money", "migrate"} <= named
    assert named <= compose["services"].keys()


def words_of_docker(command: str) -> list[str]:
    """Return the services that a command names: what follows the verb and its options."""
    found = re.match(r"docker compose (exec|logs|restart|stop|start|up|run) (.*)", command)
    if not found:
        return []
    words = re.sub(r"--(?:since|tail|scale) (?:([a-z-]+)=)?\w+|--\S+", r"\1", found[2].partition("|")[0]).split()
    return words[:1] if found[1] in {"exec", "run"} else words


def test_the_settings_that_are_named_are_there():
    named = set(re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`", RUNBOOK))
    assert named
    assert named <= rows(README, 3).keys() | rows(README, 4).keys()


def test_every_check_of_health_has_its_row_and_the_row_names_what_its_advice_names():
    assert HEALTH.keys() == verdicts.ADVICE.keys()
    for name, advice in verdicts.ADVICE.items():
        assert set(re.findall(r"[A-Z]+_[A-Z_]+", advice)) <= set(re.findall(r"[A-Z]+_[A-Z_]+", HEALTH[name])), name


def test_the_figures_of_health_are_those_of_the_checks():
    told = {name: [int(figure) for figure in re.findall(r"\b(\d+)\b", row)] for name, row in HEALTH.items()}
    assert (told["relay"], told["webhooks"]) == ([*checks.RELAY_LAG], [*checks.WEBHOOK_AGE])
    assert told["beat"] == [checks.BEAT_LEAST_SECONDS]
    assert told["konnect"] == told["google"] == [checks.FAILURES]
    assert told["workers"] == [2 * Settings.canary_seconds + Settings.published_patience_seconds]


@pytest.mark.parametrize(("first", "states"), [("payment", PaymentState), ("payout", PayoutState)])
def test_the_states_that_a_table_explains_are_there(first, states):
    table = re.search(rf"^\| {first} \|.*\n\|.*\n((?:\|.*\n)+)", RUNBOOK, re.MULTILINE)[1]
    explained = set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))
    assert len(explained) > 3
    assert explained <= set(states)


def test_the_tasks_and_queues_that_are_named_are_there(services):
    from celeryconfig import QUEUES  # noqa: PLC0415 - it reads the settings, which `services` has set
    from tasks.worker import app  # noqa: PLC0415

    app.loader.import_default_modules()
    assert set(re.findall(r"\btasks\.\w+\.\w+", RUNBOOK)) <= app.tasks.keys()
    assert set(re.findall(r"--queue (\w+)", RUNBOOK)) <= set(QUEUES)


def test_a_backup_can_be_restored_over_what_came_after_it(database, services, conflicted, tmp_path):
    environment = {"PATH": f"{find_postgres().programs}:{os.environ['PATH']}", "PGHOST": "127.0.0.1"}
    environment |= {"PGPORT": str(services.cluster.port), "PGPASSWORD": services.cluster.superuser_password}
    for command in BACKUP:
        shell = command.replace(" amana", f" {database.name}", 1)
        subprocess.run(["sh", "-c", shell], cwd=tmp_path, env=environment, check=True)
        with session_scope() as session:  # after the dump: lost by the restore; after the restore: it can be worked on
            make_user(session)
    with psycopg.connect(database.url) as runtime:
        users = [found for (found,) in runtime.execute("SELECT id FROM users ORDER BY created_at")]
    assert (len(users), users[0]) == (2, conflicted.payer.id)
