"""A world as its users see it: `python -m embedded up` on a project of plain programs."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable

import httpx
import psycopg
import pytest

from tests.embedded.plain_project import PlainProject
from tests.embedded.processes import command_lines, descendants, left_after
from tests.patience import PATIENCE_SECONDS

SHOW_WORLD = "import os; print(open(os.environ['AMANA_WORLD']).read())"


def test_two_worlds_stand_beside_each_other_and_share_no_password(whole_project: Callable[[str], PlainProject]):
    one, other = (whole_project(name).start("up") for name in ("one", "other"))
    first, second = one.world(), other.world()
    assert not {first["api"], first["sandbox"]} & {second["api"], second["sandbox"]}
    foreign_key = first["database_url"].replace(port(first["database_url"]), port(second["database_url"]))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(foreign_key)
    assert [running.finish(signal.SIGTERM)[0] for running in (one, other)] == [0, 0]


def port(url: str) -> str:
    return url.rpartition(":")[2].split("/")[0]


def test_the_world_file_is_what_the_contract_says(project: PlainProject):
    running = project.up()
    world = running.world()
    addresses = {"api", "sandbox", "flower", "database_url", "database_owner_url", "broker_url"}
    assert world.keys() == addresses | {"admin", "pids"}
    assert world["database_url"] == project.environment["DATABASE_URL"]
    assert world["database_owner_url"] == project.environment["MIGRATION_DATABASE_URL"]
    assert world["broker_url"] == project.environment["BROKER_URL"]
    assert world["pids"].keys() == {"api", "worker", "sandbox"}
    assert set(world["pids"].values()) <= descendants(running.pid)
    answers = [httpx.get(world[door], timeout=PATIENCE_SECONDS) for door in ("api", "sandbox")]
    assert [answer.status_code for answer in answers] == [200, 200]
    secret_files = [running.run_directory / name for name in ("world.json", "secrets.json", "logs/api.log")]
    assert {file.stat().st_mode & 0o777 for file in secret_files} == {0o600}
    running.finish(signal.SIGTERM)
    assert not (running.run_directory / "world.json").exists()


def test_the_admin_is_made_by_the_command_line_with_a_password_that_nobody_sees(project: PlainProject):
    running = project.up()
    secrets = json.loads((running.run_directory / "secrets.json").read_text())
    lines = command_lines()
    admin = json.loads((project.directory / "admin.json").read_text())
    assert admin["email"] == running.world()["admin"]["email"]
    assert admin["password"] == running.world()["admin"]["password"] == secrets["admin_password"]
    _, output, errors = running.finish(signal.SIGTERM)
    assert not [name for name, secret in secrets.items() if secret in output + errors + lines + str(admin["argv"])]


def test_addresses_and_secrets_stay_the_same_from_start_to_start(project: PlainProject):
    seen = []
    for _ in range(2):
        running = project.up()
        world = running.world()
        seen.append((world["api"], world["sandbox"], world["admin"]))
        running.finish(signal.SIGINT)
    assert seen[0] == seen[1]


def test_a_second_world_in_the_same_directory_is_refused(project: PlainProject):
    running = project.up()
    code, _, errors = project.start("up").finish()
    assert code == 1
    assert f"A world runs in {running.run_directory} already (process {running.pid})" in errors
    assert "Traceback" not in errors
    assert running.finish(signal.SIGINT)[0] == 0


@pytest.mark.parametrize("code", [0, 7])
def test_a_command_runs_in_the_world_and_its_exit_code_is_ours(project: PlainProject, code: int):
    script = f"{SHOW_WORLD}; raise SystemExit({code})"
    running = project.start("up", "--without", "worker", "--run", sys.executable, "-c", script)
    exit_code, output, _ = running.finish()
    assert exit_code == code
    world = json.loads(output)
    assert world["pids"].keys() == {"api", "sandbox"}
    assert not left_after(set(world["pids"].values()))


def test_services_alone_can_be_used_by_any_shell(whole_project: Callable[[str], PlainProject]):
    running = whole_project("services").start("services")
    assert running.process.stdout
    lines = [running.process.stdout.readline() for _ in range(3)]
    urls = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
    psycopg.connect(urls["DATABASE_URL"]).close()
    psycopg.connect(urls["MIGRATION_DATABASE_URL"]).close()
    servers = descendants(running.pid)
    assert running.finish(signal.SIGINT)[0] == 0
    assert not left_after(servers)


def test_a_world_that_is_kept_after_a_command_ends_with_its_code(project: PlainProject):
    running = project.start("up", "--keep", "--run", sys.executable, "-c", "import sys; print('played'); sys.exit(7)")
    assert running.process.stdout is not None
    assert running.process.stdout.readline() == "played\n"
    shown = iter(running.process.stdout.readline, "")
    assert any("Ctrl-C stops all of it." in line for line in shown)
    assert running.finish(signal.SIGINT)[0] == 7


def test_clean_removes_everything_of_a_world_that_does_not_run(project: PlainProject):
    running = project.up()
    assert project.start("clean").finish()[0] == 1
    running.finish(signal.SIGTERM)
    assert project.start("clean").finish()[0] == 0
    assert not running.run_directory.exists()
