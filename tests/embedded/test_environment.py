"""What each process finds in its environment, and what the supervisor refuses in its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.environment import Connections, Environments
from embedded.errors import EmbeddedError
from embedded.keepsakes import Ports, Secrets, keep_secrets
from embedded.procfile import read_procfile
from tests.embedded.plain_project import ROOT

RUNTIME, OWNER, BROKER = "postgresql://runtime", "postgresql://owner", "redis://broker"


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    return keep_secrets(tmp_path / "secrets.json")


@pytest.fixture
def environments(secrets: Secrets, tmp_path: Path) -> Environments:
    ports = Ports(api=1, sandbox=2, smtp=3, flower=4, postgres=5, broker=6)
    return Environments(ports, secrets, Connections(RUNTIME, OWNER, BROKER), tmp_path)


def test_only_the_migration_is_given_the_owner(environments: Environments):
    processes = read_procfile(ROOT / "Procfile")
    assert [name for name in processes if OWNER in environments.of(name).values()] == ["migrate"]


def test_the_outside_world_knows_neither_the_database_nor_our_keys(environments: Environments, secrets: Secrets):
    known = set(environments.of("sandbox").values())
    assert not known & {RUNTIME, OWNER, BROKER, secrets.secret_key, secrets.admin_password}
    assert secrets.konnect_api_key in known


def test_the_system_and_the_sandbox_agree_on_their_addresses(environments: Environments):
    system, sandbox = environments.of("api"), environments.of("sandbox")
    assert system["KONNECT_BASE_URL"].startswith(f"http://127.0.0.1:{sandbox['SANDBOX_PORT']}/")
    assert system["SMTP_URL"] == f"smtp://127.0.0.1:{sandbox['SANDBOX_SMTP_PORT']}"
    assert sandbox["CLOCK_URL"] == f"http://127.0.0.1:{system['PORT']}/api/v1/sandbox/clock"


REAL = (
    "KONNECT_API_KEY", "SECRET_KEY", "SECRET_KEY_PREVIOUS", "SENTRY_DSN", "DATABASE_URL", "SMTP_URL",
    "OTEL_EXPORTER_OTLP_ENDPOINT", "METRICS_TOKEN", "RETURN_URLS",
)  # fmt: skip


def test_keys_of_the_real_world_do_not_reach_a_demo_world(environments: Environments, monkeypatch: pytest.MonkeyPatch):
    for name in REAL:
        monkeypatch.setenv(name, "real")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    environment = environments.of("worker")
    assert "real" not in environment.values()
    assert environment["LOG_LEVEL"] == "DEBUG"
    assert environment["AMANA_ENV"] == "demo"


@pytest.mark.parametrize("line", ["no colon here", "api:", ": gunicorn", 'api: gunicorn "'])
def test_a_bad_line_of_the_procfile_is_named(tmp_path: Path, line: str):
    (tmp_path / "Procfile").write_text(f"# fine\n{line}\n")
    with pytest.raises(EmbeddedError, match="Procfile, line 2"):
        read_procfile(tmp_path / "Procfile")
