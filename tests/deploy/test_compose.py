"""docker-compose.yml runs the processes of the Procfile, and has nothing to hide."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pytest

from app.infra.config import TASK_GRACE_SECONDS, Settings
from embedded.procfile import read_procfile
from tests.architecture.sources import ROOT
from tests.deploy.conftest import queues_of, words

PROCFILE = read_procfile(ROOT / "Procfile")
#: The outside world itself stands where the sandbox stands in a demo.
NOT_IN_PRODUCTION = {"sandbox"}
HEALTH = {"interval": "30s", "timeout": "10s", "retries": 3, "start_period": "40s"}
TEXT = (ROOT / "docker-compose.yml").read_text()
README = (ROOT / "README.md").read_text()


def process_of(name: str) -> str:
    return name.partition("-")[0]


def test_every_process_of_the_procfile_is_a_service_and_nothing_else_is(ours):
    assert {process_of(name) for name in ours} == PROCFILE.keys() - NOT_IN_PRODUCTION


def test_a_service_runs_the_command_of_the_procfile(ours):
    for name, service in ours.items():
        command = words(service["command"])
        if "--queues" in command:
            del command[command.index("--queues") :]
        assert tuple(command) == PROCFILE[process_of(name)], name


def test_every_queue_is_consumed_by_one_group_of_workers(ours, services):
    from celeryconfig import QUEUES  # noqa: PLC0415 - it reads the settings, which `services` has set

    consumed = [queue for name, service in ours.items() if process_of(name) == "worker" for queue in queues_of(service)]
    assert sorted(consumed) == sorted(QUEUES)


def test_money_waits_behind_nothing_but_money(ours):
    assert set(queues_of(ours["worker-money"])) == {"payments", "payouts", "escrow"}


def test_what_keeps_running_says_how_it_is_in_the_rhythm_of_the_design(compose):
    for name, service in compose["services"].items():
        if name != "migrate":
            assert {key: service["healthcheck"][key] for key in HEALTH} == HEALTH, name


def test_the_routes_that_health_checks_ask_are_there(ours, flask_app):
    from flower.urls import handlers  # noqa: PLC0415 - slow to import

    of_flower = {row[0] for row in handlers if isinstance(row, tuple)}
    routes = {"api": {rule.rule for rule in flask_app.url_map.iter_rules()}, "flower": of_flower}
    for name, known in routes.items():
        asked = urlsplit(re.search(r"http://[^']+", ours[name]["healthcheck"]["test"][-1])[0])
        assert asked.path in known
        assert asked.port == ours[name]["environment"].get("PORT", ours[name]["environment"].get("FLOWER_PORT"))


#: What has no door to ask at.
WITHOUT_DOOR = {"worker", "relay", "beat"}


def test_what_has_no_door_is_asked_for_its_sign_of_life_and_for_nothing_that_starts_a_program_of_ours(ours):
    for name, service in ours.items():
        if process_of(name) in WITHOUT_DOOR:
            kind, check = service["healthcheck"]["test"]
            file = PurePosixPath(service["environment"]["HEARTBEAT_FILE"])
            assert (kind, str(file.parent)) == ("CMD-SHELL", service["tmpfs"][-1]), name
            assert str(file) in check, name
            assert not set(words(check)) & {"python", "flask", "celery"}, name


@pytest.mark.parametrize(("seconds_ago", "alive"), [(0, True), (5, True), (70, False), (None, False)])
def test_it_is_alive_when_it_has_shown_itself_within_a_minute(ours, tmp_path, seconds_ago, alive):
    file, service = tmp_path / "heartbeat", ours["relay"]
    if seconds_ago is not None:
        file.touch()
        os.utime(file, (time.time() - seconds_ago,) * 2)
    check = service["healthcheck"]["test"][1].replace(service["environment"]["HEARTBEAT_FILE"], str(file))
    assert (subprocess.run(["sh", "-c", check], capture_output=True, check=False).returncode == 0) is alive


def test_nothing_starts_before_the_database_is_migrated_and_the_broker_is_there(compose, ours):
    for name in ours.keys() - {"migrate"}:
        assert ours[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "redis": {"condition": "service_healthy"},
        }
    assert ours["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert ours["migrate"]["restart"] == "no"


def test_a_worker_may_end_what_it_has_begun(ours):
    longest = Settings.task_seconds + TASK_GRACE_SECONDS
    for name, service in ours.items():
        if process_of(name) == "worker":
            assert int(service["stop_grace_period"].rstrip("s")) > longest


def test_the_log_of_the_database_quotes_no_rows(compose):
    assert "log_error_verbosity=terse" in compose["services"]["postgres"]["command"]


def test_no_secret_stands_in_the_file():
    for name, value in re.findall(r"(\w*(?:PASSWORD|SECRET|KEY|URL|AUTH))\s*[:=]\s*(\S.*)", TEXT):
        assert re.fullmatch(r'""|\$\{[A-Z_]+:\?\}', value), name
    assert "://" not in re.sub(r"http://127\.0\.0\.1:\d+/", "", TEXT)


@pytest.mark.parametrize(("name", "variable"), [("redis", "REDIS_PASSWORD"), ("flower", "FLOWER_BASIC_AUTH")])
def test_what_reads_a_password_does_not_start_with_the_example(compose, example, tmp_path, name, variable):
    service = compose["services"][name]
    first, *rest = [*service.get("entrypoint", ()), *words(service["command"])]
    for program in ("valkey-server", "celery"):
        (tmp_path / program).write_text("#!/bin/sh\necho started\n")
        (tmp_path / program).chmod(0o755)

    def start(password):
        command = [first, *(word.replace("$$", "$") for word in rest)]
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", variable: password}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    with_the_example, with_another = start(example[variable][0]), start("amana:Vq3tN8x0bZr5mKc7yHs2")
    assert (with_the_example.returncode, with_the_example.stdout) == (1, "")
    assert with_the_example.stderr == f"{variable} holds a documented example\n"
    assert (with_another.returncode, with_another.stdout) == (0, "started\n")


def test_our_processes_read_env_and_not_the_secrets_of_others(ours, example):
    """The owner of the database migrates; nobody else may know how to be her."""
    from tests.architecture.test_documents import rows  # noqa: PLC0415

    foreign = {name for name, row in rows(README, 4).items() if "secret" in row[0]}
    assert foreign <= example.keys()
    for name, service in ours.items():
        assert service["env_file"] == ".env"
        known = {variable for variable in foreign if service["environment"][variable]}
        assert known == {"migrate": {"MIGRATION_DATABASE_URL"}, "flower": {"FLOWER_BASIC_AUTH"}}.get(name, set()), name


def test_our_processes_may_do_no_more_than_they_must(ours):
    for service in ours.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_doors_open_on_this_machine_only(compose):
    for name, service in compose["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_the_readme_says_where_the_doors_are(compose):
    told = README.partition("## In production\n")[2].partition("\n## ")[0]
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert re.findall(r"`(127\.0\.0\.1:\d+)`", told) == [port.rpartition(":")[0] for port in ports]


@pytest.mark.parametrize("name", ["relay", "worker-money", "worker-booking"])
def test_what_is_busy_can_be_run_many_times(ours, name):
    assert not {"ports", "container_name", "hostname"} & ours[name].keys()
