"""docs/runbook.md is read when something burns: what it says to type can be typed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest

from app.infra import metrics
from app.infra.config import Settings
from app.infra.db import session_scope
from app.ledger import service as ledger
from app.ops import books
from app.ops.gauges import GAUGES
from app.ops.health import checks, verdicts
from app.payments import service as payments
from app.payments.states import PaymentState
from app.payouts.states import PayoutState
from embedded.binaries import find_postgres
from tests.architecture.sources import ROOT
from tests.architecture.test_documents import README, rows
from tests.deploy.conftest import queues_of
from tests.factories.identity import MadeUser, make_user, token_for
from tests.factories.payments import snapshot, tnd
from tests.served import served

RUNBOOK = (ROOT / "docs/runbook.md").read_text()
SQL = re.findall(r"```sql\n(.*?)```", RUNBOOK, re.DOTALL)
SHELL = [line for block in re.findall(r"```sh\n(.*?)```", RUNBOOK, re.DOTALL) for line in block.splitlines() if line]
TYPED = [*SHELL, *re.findall(r"`((?:docker|flask) [^`]+)`", RUNBOOK)]
COMMANDS = [step for line in TYPED for step in line.split(" && ")]
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


#: A line that gives one of psql's variables its value.
SET = re.compile(r"^\\set ([a-z]+) '[^']+'\n", re.MULTILINE)


def filled_in(statement: str, conflicted: Conflicted) -> str:
    """Give variables that are set before it a value, as psql does: the conflicted payment instead of the example."""
    values = dict.fromkeys(SET.findall(statement), f"'{conflicted.id}'")
    return re.sub(r"(?<![:\w]):'([a-z]+)'", lambda found: values[found[1]], SET.sub("", statement))


def containing(word: str) -> str:
    """Return the one statement of the page in which this stands."""
    (found,) = [statement for statement in SQL if word in statement.partition("FROM")[0]]
    return found


GIVE, SEND_BACK, LIST = containing("'correction:'"), containing("ledger.reverse"), containing("put_right_by")


def test_there_is_something_to_try():
    assert (len(SQL) > 5, len(FLASK) > 8, len(ROUTES) > 8) == (True, True, True)


@pytest.mark.parametrize("statement", SQL, ids=range(len(SQL)))
def test_a_statement_can_be_pasted_into_psql_as_it_stands(statement, database):
    psql = find_postgres().programs / "psql"
    command = [psql, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", database.owner_url]
    pasted = f"BEGIN;\n{statement}ROLLBACK;\n"
    ran = subprocess.run(command, input=pasted, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


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


def test_the_database_is_migrated_by_the_service_that_knows_its_owner(ours):
    knows = [name for name, service in ours.items() if service["environment"]["MIGRATION_DATABASE_URL"]]
    migrations = [command for command in COMMANDS if " db " in command]
    assert len(migrations) > 1
    assert {tuple(words_of_docker(command)) for command in migrations} == {tuple(knows)}


def test_a_new_version_replaces_the_old_one_only_after_its_migration(compose):
    """`up` alone would take the old containers away first, and leave nothing when the migration fails."""
    (line,) = [line for line in SHELL if "docker compose run --rm migrate &&" in line]
    steps = [step.split()[2] for step in line.split(" && ")]
    assert steps == ["build", "run", "up"]
    assert compose["services"]["migrate"]["command"] == "flask --app wsgi db upgrade"


def test_the_revision_that_is_gone_back_to_is_one(flask_app):
    wanted = re.findall(r"db downgrade (\S+)", RUNBOOK)
    assert wanted
    assert [name for name in wanted if not list(ROOT.glob(f"migrations/versions/{name}_*.py"))] == []


def test_the_services_are_those_of_the_compose_file(compose):
    named = {word for command in COMMANDS for word in words_of_docker(command)}
    assert {"api", "relay", "postgres", "redis", "worker-money", "migrate"} <= named
    assert named <= compose["services"].keys()


#: Queues whose tasks post: of payments and payouts, of paid bookings, and of what falls due.
POSTING = {"payments", "payouts", "escrow", "booking", "maintenance"}


def test_the_work_of_money_is_stopped_with_all_that_posts_and_started_with_it_again(ours):
    posts = {name for name, service in ours.items() if POSTING & set(queues_of(service))} | {"beat"}
    section = RUNBOOK.partition("**An invariant does not hold.**")[2].partition("**Money in suspense.**")[0]
    stopped, api, started = re.findall(r"docker compose (?:stop|start) [a-z -]+", section)
    assert set(words_of_docker(stopped)) == posts
    assert set(words_of_docker(started)) == posts | set(words_of_docker(api))


def test_a_restore_meets_nobody_who_writes_and_money_is_the_last_to_start_again(ours):
    section = RUNBOOK.partition("**To restore**")[2].partition("\n## ")[0]
    steps = [line.split()[2] for line in section.splitlines() if line.startswith("docker compose ")]
    assert steps == ["stop", "exec", "run", "start", "start"]
    stopped, first, last = (words_of_docker(line) for line in re.findall(r"docker compose st(?:op|art) .*", section))
    assert set(stopped) == ours.keys() - {"migrate"}
    assert sorted(first + last) == sorted(stopped)
    assert set(last) == {name for name, service in ours.items() if POSTING & set(queues_of(service))} | {"beat"}


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


def test_every_secret_has_its_row_where_one_is_out():
    section = RUNBOOK.partition("## A secret is out\n")[2].partition("\n## ")[0]
    secrets = {name for columns in (3, 4) for name, row in rows(README, columns).items() if "secret" in row[0]}
    assert secrets == set(re.findall(r"`([A-Z_]+)`", section)) - {"REFRESH_FAMILY_SECONDS"}


def test_an_alarm_is_about_a_metric_that_is_there():
    labels = {family.name: set(family.labels) for family in (*metrics.FAMILIES, *GAUGES)}
    named = re.findall(r"\b(amana_\w+)(?:\{(\w+)=)?", RUNBOOK)
    assert len(named) > 8
    assert [metric for metric, label in named if label not in labels[metric] | {""}] == []


def test_an_alarm_rings_where_health_says_the_same():
    alarms = dict(re.findall(r"^\| `(amana_\w+) >=? (\d+)` \| `", RUNBOOK, re.MULTILINE))
    assert {metric: int(figure) for metric, figure in alarms.items()} == {
        "amana_relay_lag_seconds": checks.RELAY_LAG[1],
        "amana_canary_age_seconds": 2 * Settings.canary_seconds + Settings.published_patience_seconds,
        "amana_oldest_webhook_seconds": checks.WEBHOOK_AGE[1],
        "amana_dead_letters": 0,
        "amana_gateway_failures_in_a_row": checks.FAILURES,
    }


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")
def test_the_api_can_be_asked_from_a_terminal(flask_app, database):
    (block,) = [block for block in re.findall(r"```sh\n(.*?)```", RUNBOOK, re.DOTALL) if "/auth/login" in block]
    with session_scope() as session:
        office = make_user(session, email="you@your.domain", roles=["support"])
    with served(flask_app) as address:
        typed = block.replace("http://127.0.0.1:8000", address)
        command = ["bash", "-c", f"{typed}\n"]
        ran = subprocess.run(command, input=f"{office.password}\n", capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == {"items": [], "next_cursor": None}


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


def test_a_backup_can_be_restored_over_what_came_after_it(database, in_container, conflicted):
    for command in BACKUP:
        assert in_container(command).returncode == 0
        with session_scope() as session:  # after the dump: lost by the restore; after the restore: it can be worked on
            make_user(session)
    with psycopg.connect(database.url) as runtime:
        users = [found for (found,) in runtime.execute("SELECT id FROM users ORDER BY created_at")]
    assert (len(users), users[0]) == (2, conflicted.payer.id)


def test_a_restore_that_fails_changes_nothing(in_container, owner):
    """Books that are half of then and half of now would look like books."""
    dump, restore = BACKUP
    assert in_container(dump).returncode == 0
    owner.execute("CREATE TABLE of_ours (person uuid REFERENCES users)")  # users cannot be replaced below it
    with session_scope() as session:
        make_user(session)
    failed = in_container(restore)
    owner.execute("DROP TABLE of_ours")
    assert failed.returncode != 0
    left = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM token_family)"
    assert owner.execute(left).fetchone() == (1, 1)


@pytest.fixture
def in_container(database, services, tmp_path):
    """Return a function that runs a command as in the container of PostgreSQL, but on the test's database."""
    environment = {"PATH": f"{find_postgres().programs}:{os.environ['PATH']}", "PGHOST": "127.0.0.1"}
    environment |= {"PGPORT": str(services.cluster.port), "PGPASSWORD": services.cluster.superuser_password}

    def run(command):
        shell = command.replace(" amana", f" {database.name}", 1)
        return subprocess.run(["sh", "-c", shell], cwd=tmp_path, env=environment, capture_output=True, check=False)

    return run
