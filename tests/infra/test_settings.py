"""Settings: a process that could do harm does not start; it names the variable and keeps its value to itself."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from app.infra.config import load
from app.infra.settings_fields import SettingsError
from tests.architecture.sources import ROOT
from tests.environment import ENVIRONMENT

SECRET = "Vq3tN8x0bZr5mKc7yHs2pLd9wGf4uJe6"

TEST = ENVIRONMENT | {
    "DATABASE_URL": f"postgresql://amana_app:{SECRET}@127.0.0.1:5432/amana",
    "BROKER_URL": f"redis://:{SECRET}@localhost:6379/0",
    "SENTRY_DSN": "http://key@[::1]:9000/1",
}

PRODUCTION = {
    "SECRET_KEY": "k" + SECRET[1:],
    "DATABASE_URL": f"postgresql://amana_app:{SECRET}@db.internal:5432/amana?sslmode=require",
    "BROKER_URL": f"amqp://amana:{SECRET}@a.internal:5672//;amqp://amana:{SECRET}@b.internal:5672//",
    "PUBLIC_URL": "https://api.amana.tn",
    "FRONTEND_URL": "https://amana.tn/",
    "SMTP_URL": f"smtps://amana:{SECRET}@mail.internal:465",
    "KONNECT_BASE_URL": "https://api.konnect.network/api/v2",
    "KONNECT_API_KEY": f"5f7a209aeb3f76490ac4a3d1:{SECRET}",
    "KONNECT_WALLET_ID": "5f7a209aeb3f76490ac4a3d1",
    "GOOGLE_CLIENT_ID": "4711-amana.apps.googleusercontent.com",
    "GOOGLE_CLIENT_SECRET": f"GOCSPX-{SECRET}",
}


def test_production_is_what_is_meant_when_nothing_is_said():
    assert load(PRODUCTION).is_production


@pytest.mark.parametrize("environment", ["test", "demo"])
def test_demo_and_test_start_on_loopback(environment):
    assert not load(TEST | {"AMANA_ENV": environment}).is_production


def test_an_empty_variable_counts_as_unset():
    assert load(PRODUCTION | {"LEASE_SECONDS": ""}).lease_seconds == 60


def test_addresses_lose_their_last_slash():
    assert load(PRODUCTION).frontend_url == "https://amana.tn"


ANYWHERE = [
    *((name, None) for name in PRODUCTION),
    ("AMANA_ENV", "staging"),
    ("SECRET_KEY", SECRET[:31]),
    ("SECRET_KEY", "abababababababababababababababababababab"),
    ("SECRET_KEY_PREVIOUS", SECRET[:31]),
    ("DATABASE_URL", f"mysql://amana:{SECRET}@127.0.0.1/amana"),
    ("DATABASE_URL", f"postgresql://[{SECRET}/amana"),
    ("DATABASE_POOL_SIZE", "0"),
    ("BROKER_URL", f"memory://{SECRET}"),
    ("BROKER_URL", f"sentinel://:{SECRET}@127.0.0.1:26379"),
    ("BROKER_URL", f"redis://:{SECRET}@127.0.0.1:6379/0;{SECRET}"),
    ("BROKER_URL", f"redis://:{SECRET}@127.0.0.1:6379/0;amqp://amana:{SECRET}@127.0.0.1:5672//"),
    ("SMTP_URL", f"127.0.0.1:{SECRET}"),
    ("PUBLIC_URL", "ftp://127.0.0.1/secretpath"),
    ("PUBLIC_URL", "https://127.0.0.1/?secretquery=1"),
    ("KONNECT_WALLET_ID", "5F7A209AEB3F76490AC4A3D1"),
    ("KONNECT_API_KEY", SECRET),
    ("SENTRY_DSN", f"https://127.0.0.1/{SECRET}"),
    ("SENTRY_DSN", "https://secretkey@127.0.0.1/project"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"),
    ("TRACES_PER_CENT", "101"),
    ("TRACES_PER_CENT", "-1"),
    ("LOG_LEVEL", "CHATTY"),
    ("WEB_THREADS", "many"),
    ("WEB_THREADS", "-1"),
    ("LEASE_SECONDS", "0"),
    ("LEASE_SECONDS", "60.5"),
    ("RELAY_WINDOW", "0"),
    ("SWEEP_SECONDS", "0"),
    ("ACCESS_TOKEN_SECONDS", "1e3"),
    ("PLATFORM_FEE_BASIS_POINTS", "10001"),
    ("PLATFORM_FEE_BASIS_POINTS", "-1"),
    ("IDEMPOTENCY_SECONDS", "9" * 5_000),
]

ONLY_IN_PRODUCTION = [
    ("SECRET_KEY", "change-me-change-me-change-me-123456"),
    ("SECRET_KEY", "your-secret-key-at-least-32-characters"),
    ("KONNECT_API_KEY", "5f7a209aeb3f76490ac4a3d1:example"),
    ("DATABASE_URL", "postgresql://amana_app:password@db.internal:5432/amana"),
    ("KONNECT_WALLET_ID", "0" * 24),
    ("GOOGLE_CLIENT_ID", "change-me.apps.googleusercontent.com"),
    ("PUBLIC_URL", "https://api.your.domain"),
    ("KONNECT_BASE_URL", "http://api.konnect.network/api/v2"),
    ("PUBLIC_URL", "http://api.amana.tn"),
    ("FRONTEND_URL", "http://amana.tn"),
    ("RETURN_URLS", "https://amana.tn/back, http://amana.tn/back"),
    ("GOOGLE_TOKEN_URL", "http://oauth2.googleapis.com/token"),
    ("GOOGLE_CALENDAR_URL", "http://www.googleapis.com/calendar/v3"),
    ("ARGON2_MEMORY_KIB", "1024"),
    ("LEASE_SECONDS", "49"),
    ("TASK_SECONDS", "20"),
    ("GATEWAY_TOTAL_SECONDS", "40"),
]

ONLY_ON_THIS_MACHINE = [
    ("DATABASE_URL", "postgresql://amana_app@db.internal:5432/amana"),
    ("DATABASE_URL", "postgresql:///amana"),  # a socket of whatever runs here
    ("DATABASE_URL", "postgresql://amana_app@127.0.0.1:5432,db.internal:5432/amana"),
    ("DATABASE_URL", "postgresql://amana_app@127.0.0.1:5432/amana?host=db.internal"),
    ("DATABASE_URL", "postgresql://amana_app@localhost:5432/amana?hostaddr=10.0.0.7"),
    ("DATABASE_URL", "postgresql://amana_app@localhost:5432/amana?service=production"),
    ("BROKER_URL", "redis://broker.internal:6379/0"),
    ("BROKER_URL", "redis://127.0.0.1:6379/0;redis://broker.internal:6379/0"),
    ("KONNECT_BASE_URL", "https://api.konnect.network/api/v2"),
    ("KONNECT_BASE_URL", "http://127.0.0.1.konnect.network/api/v2"),
    ("GOOGLE_AUTH_URL", "https://accounts.google.com/o/oauth2/v2/auth"),
    ("GOOGLE_TOKEN_URL", "https://oauth2.googleapis.com/token"),
    ("GOOGLE_REVOKE_URL", "https://oauth2.googleapis.com/revoke"),
    ("GOOGLE_USERINFO_URL", "https://openidconnect.googleapis.com/v1/userinfo"),
    ("GOOGLE_CALENDAR_URL", "https://www.googleapis.com/calendar/v3"),
    ("SMTP_URL", "smtp://mail.internal:25"),
    ("PUBLIC_URL", "http://0.0.0.0:8000"),
    ("SENTRY_DSN", "https://key@sentry.internal/1"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.internal:4318"),
]


@pytest.mark.parametrize("base", [PRODUCTION, TEST], ids=["production", "test"])
@pytest.mark.parametrize(("variable", "value"), ANYWHERE)
def test_nowhere_does_a_process_start_with(variable, value, base):
    assert_refused(base, variable, value)


@pytest.mark.parametrize(("variable", "value"), ONLY_IN_PRODUCTION)
def test_production_does_not_start_with(variable, value):
    assert_refused(PRODUCTION, variable, value)


@pytest.mark.parametrize("environment", ["test", "demo"])
@pytest.mark.parametrize(("variable", "value"), ONLY_ON_THIS_MACHINE)
def test_demo_and_test_do_not_start_with(variable, value, environment):
    assert_refused(TEST | {"AMANA_ENV": environment}, variable, value)


def assert_refused(base, variable, value):
    environ = {**base, variable: value} if value is not None else {k: v for k, v in base.items() if k != variable}
    with pytest.raises(SettingsError) as refusal:
        load(environ)
    sentence = str(refusal.value)
    assert variable in sentence
    shown = [part for part in environ.values() if len(part) > 11 and part in sentence]
    assert not shown
    assert SECRET not in sentence
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


def test_a_process_ends_with_one_sentence_and_no_traceback():
    environ = {"PATH": os.environ["PATH"], **PRODUCTION, "SECRET_KEY": "too-short-but-secret"}
    command = [sys.executable, "-c", "from app.infra.config import settings; settings()"]
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == ("Settings: SECRET_KEY is too short: at least 32 characters, made by a random generator.\n")
