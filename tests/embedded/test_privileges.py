"""Who the servers run as: never root, wherever they stand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from embedded.binaries import POSTGRES_OVERRIDE, VALKEY_OVERRIDE, find_postgres, find_valkey
from embedded.services import throwaway_services
from tests.embedded.plain_project import ROOT
from tests.embedded.processes import left_after, owner_of
from tests.patience import PATIENCE_SECONDS

NAMESPACE = (shutil.which("unshare") or "unshare", "-U", "--map-user=1000", "--map-group=1000")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has something to give up")


def namespaces_are_allowed() -> bool:
    return bool(shutil.which("unshare")) and subprocess.run([*NAMESPACE, "true"], check=False).returncode == 0


SCRIPT = """\
import os, sys, time
from pathlib import Path
import psycopg
from embedded.services import throwaway_services

with throwaway_services(Path(sys.argv[1])) as services:
    with psycopg.connect(services.database.url) as connection:
        user = connection.execute("SELECT current_user").fetchone()[0]
    print(os.geteuid(), user, services.postgres_pid, services.broker_pid, flush=True)
    if "wait" in sys.argv:
        time.sleep(1000)
"""


def script(*arguments: object, prefix: tuple[str, ...] = (), **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", SCRIPT, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdout=subprocess.PIPE,
        text=True,
    )


@as_root
def test_root_drops_to_nobody_where_nobody_reaches_the_programs(open_directory: Path, monkeypatch: pytest.MonkeyPatch):
    for override in (POSTGRES_OVERRIDE, VALKEY_OVERRIDE):  # what belongs to the system cannot be copied
        monkeypatch.delenv(override, raising=False)
    programs = find_postgres().copy_to(open_directory / "programs").programs
    valkey = shutil.copy2(find_valkey(), open_directory)
    monkeypatch.setenv(POSTGRES_OVERRIDE, str(programs))
    monkeypatch.setenv(VALKEY_OVERRIDE, str(valkey))
    with throwaway_services(open_directory / "services") as services:
        assert {owner_of(services.postgres_pid), owner_of(services.broker_pid)} == {"nobody"}
        psycopg.connect(services.database.url).close()


@as_root
def test_root_below_a_closed_directory_keeps_its_reach_and_loses_its_powers(tmp_path: Path):
    tmp_path.chmod(0o700)
    with throwaway_services(tmp_path / "services") as services:
        psycopg.connect(services.database.url).close()
        status = Path(f"/proc/{services.postgres_pid}/status").read_text()
        assert "CapEff:\t0000000000000000" in status
        assert not (tmp_path / "services/postgres/elsewhere").exists()


@as_root
def test_root_without_namespaces_runs_a_private_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tmp_path.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with throwaway_services(tmp_path / "services") as services:
        private = (tmp_path / "services/postgres/elsewhere").readlink()
        monkeypatch.undo()
        assert owner_of(services.postgres_pid) == "nobody"
        assert private.is_relative_to(tempfile.gettempdir())
        assert private.stat().st_mode & 0o777 == 0o700
        psycopg.connect(services.database.url).close()
    assert not private.exists()


@pytest.mark.skipif(os.geteuid() == 0 and not namespaces_are_allowed(), reason="root cannot become somebody else here")
def test_an_ordinary_user_needs_nothing_not_even_a_path(tmp_path: Path):
    prefix = NAMESPACE if os.geteuid() == 0 else ()
    output, _ = script(tmp_path / "services", prefix=prefix, PATH=str(tmp_path)).communicate(timeout=PATIENCE_SECONDS)
    user, role, *_ = output.split()
    assert int(user) != 0
    assert role == "amana_app"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a parent-death signal")
def test_throwaway_servers_end_with_the_process_that_started_them_even_by_sigkill(tmp_path: Path):
    owner = script(tmp_path / "services", "wait")
    assert owner.stdout
    pids = {int(pid) for pid in owner.stdout.readline().split()[2:]}
    owner.kill()
    owner.communicate()
    assert len(pids) == 2
    assert not left_after(pids)
