"""`python -m sandbox` as a process of its own, as the supervisor starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sandbox.loopback import listen
from tests.patience import PATIENCE_SECONDS
from tests.sandbox.peers import BusinessClock

ROOT = Path(__file__).parent.parent.parent
SETTINGS = (
    "SANDBOX_PORT", "SANDBOX_SMTP_PORT", "CLOCK_URL", "KONNECT_API_KEY", "GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET",
    "GOOGLE_TOKEN_SECONDS", "SANDBOX_DIRECTORY",
)  # fmt: skip


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def free_port() -> int:
    with listen("127.0.0.1", 0) as socket:
        return int(socket.getsockname()[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_answers_and_stops_on_a_signal(number: signal.Signals) -> None:
    with started("--port", "0", "--smtp-port", "0") as process:
        said = re.fullmatch(
            r"sandbox on (http://127\.0\.0\.1:(\d+)), mail on smtp://127\.0\.0\.1:(\d+)\n", first_line(process)
        )
        assert said
        assert httpx.get(f"{said[1]}/health", trust_env=False, timeout=PATIENCE_SECONDS).json() == {"status": "ok"}
        assert int(said[2]) < 32_768 > int(said[3])
        process.send_signal(number)

        assert process.wait(timeout=PATIENCE_SECONDS) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_it_takes_ports_clock_and_key_from_the_environment(clock: BusinessClock, http: httpx.Client) -> None:
    port = free_port()
    with started(
        SANDBOX_PORT=str(port), SANDBOX_SMTP_PORT=str(free_port()), CLOCK_URL=clock.url, KONNECT_API_KEY="k:s"
    ) as process:
        assert f":{port}," in first_line(process)
        base = f"http://127.0.0.1:{port}"
        body = {"receiverWalletId": "0" * 24, "amount": 1}
        answers = [
            http.post(f"{base}/konnect/api/v2/payments/init-payment", json=body, headers=headers)
            for headers in ({"x-api-key": "k:s"}, {"x-api-key": "k:t"})
        ]

        assert [answer.status_code for answer in answers] == [200, 401]
        assert clock.asked == 1


def test_it_knows_the_client_of_google_from_the_environment(http: httpx.Client) -> None:
    with started(
        "--port", "0", "--smtp-port", "0", GOOGLE_CLIENT_ID="i", GOOGLE_CLIENT_SECRET="s", GOOGLE_TOKEN_SECONDS="60"
    ) as process:
        base = first_line(process).split()[2].rstrip(",")
        form = {"grant_type": "refresh_token", "refresh_token": "1//0unknown", "client_id": "i"}
        errors = [
            http.post(f"{base}/google/token", data=form | {"client_secret": secret}).json()["error"]
            for secret in ("s", "t")
        ]

        assert errors == ["invalid_grant", "invalid_client"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--host", "0.0.0.0"], "listens on 127.0.0.1 only"),
        (["--host", "example.com"], "listens on 127.0.0.1 only"),
        (["--port", "65536"], "is no port"),
        (["--smtp-port", "mail"], "is no port"),
        (["--clock-url", "http://example.com/now"], "loopback|127.0.0.1"),
        (["--clock-url", "https://127.0.0.1/now"], "http://"),
        (["--google-token-seconds", "0"], "from 1 to 86400"),
    ],
)
def test_it_refuses_to_leave_loopback_and_says_why(arguments: list[str], says: str) -> None:
    with started(*arguments) as process:
        _, stderr = process.communicate(timeout=PATIENCE_SECONDS)

        assert process.returncode == 2
        assert re.search(says, stderr)


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with listen("127.0.0.1", 0) as taken, started("--port", str(taken.getsockname()[1]), "--smtp-port", "0") as process:
        _, stderr = process.communicate(timeout=PATIENCE_SECONDS)

        assert process.returncode == 1
        assert stderr.count("\n") == 1
        assert "Address already in use" in stderr


def test_help_names_every_setting() -> None:
    with started("--help") as process:
        stdout, _ = process.communicate(timeout=PATIENCE_SECONDS)

        assert process.returncode == 0
        for setting in SETTINGS:
            assert setting in stdout
