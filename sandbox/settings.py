"""How the sandbox is told where to listen, from arguments and environment."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.loopback import NotLoopbackError, check_url

HOSTS = ("127.0.0.1", "localhost")
HOST, PORT, SMTP_PORT = HOSTS[0], 8090, 2525
HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen and whom to ask; port 0 takes a free one, `konnect_api_key` None takes every key."""

    host: str = HOST
    port: int = 0
    smtp_port: int = 0
    clock_url: str | None = None
    konnect_api_key: str | None = None


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Arguments win over the environment; prints what is wrong and exits with 2 when something is."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--host", default=HOST, type=_loopback_host, help=f"address on loopback (default {HOST})")
    parser.add_argument(
        "--port",
        default=environment.get("SANDBOX_PORT") or str(PORT),
        type=_port,
        help=f"HTTP port, 0 for a free one (SANDBOX_PORT, default {PORT})",
    )
    parser.add_argument(
        "--smtp-port",
        default=environment.get("SANDBOX_SMTP_PORT") or str(SMTP_PORT),
        type=_port,
        help=f"SMTP port, 0 for a free one (SANDBOX_SMTP_PORT, default {SMTP_PORT})",
    )
    parser.add_argument(
        "--clock-url",
        default=environment.get("CLOCK_URL") or None,
        type=_clock_url,
        help='where GET answers {"now": "…Z"}, business time (CLOCK_URL; without it wall time)',
    )
    chosen = parser.parse_args(arguments)
    key = environment.get("KONNECT_API_KEY") or None
    return Settings(chosen.host, chosen.port, chosen.smtp_port, chosen.clock_url, key)


DESCRIPTION = "The outside world on loopback: the Konnect gateway and a mailbox, with faults to order."
EPILOG = "KONNECT_API_KEY, in the environment only: the x-api-key that the gateway wants; without it any key will do."


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= HIGHEST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _loopback_host(text: str) -> str:
    if text not in HOSTS:
        raise argparse.ArgumentTypeError(f"{text!r} is refused: the sandbox listens on {HOST} only")
    return text


def _clock_url(text: str) -> str:
    try:
        return check_url(text)
    except NotLoopbackError as error:
        raise argparse.ArgumentTypeError(f"{text!r} {error}") from error
