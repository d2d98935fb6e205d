"""How the sandbox is told where to listen, from arguments and environment."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.loopback import NotLoopbackError, check_url
from sandbox.reading import whole_number

HOSTS = ("127.0.0.1", "localhost")
HOST, PORT, SMTP_PORT = HOSTS[0], 8090, 2525
HIGHEST_PORT = 65_535
TOKEN_SECONDS, LONGEST_TOKEN = 3600, 86_400


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen and whom to ask; port 0 takes a free one.

    `konnect_api_key` None takes every key, `google_client_id` and `google_client_secret` None take every client;
    `google_token_seconds` is the life of an access token; without a `directory` all is forgotten with the process.
    """

    host: str = HOST
    port: int = 0
    smtp_port: int = 0
    clock_url: str | None = None
    konnect_api_key: str | None = None
    google_client_id: str | None = None
    google_client_secret: str | None = None
    google_token_seconds: int = TOKEN_SECONDS
    directory: Path | None = None


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
    parser.add_argument(
        "--google-token-seconds",
        default=environment.get("GOOGLE_TOKEN_SECONDS") or str(TOKEN_SECONDS),
        type=_token_seconds,
        help=f"life of Google's access tokens (GOOGLE_TOKEN_SECONDS, default {TOKEN_SECONDS})",
    )
    parser.add_argument(
        "--directory",
        default=environment.get("SANDBOX_DIRECTORY") or None,
        type=Path,
        help="where payments, mails and calendars outlive the process (SANDBOX_DIRECTORY; without it nowhere)",
    )
    chosen = parser.parse_args(arguments)
    return Settings(
        **vars(chosen),
        konnect_api_key=environment.get("KONNECT_API_KEY") or None,
        google_client_id=environment.get("GOOGLE_CLIENT_ID") or None,
        google_client_secret=environment.get("GOOGLE_CLIENT_SECRET") or None,
    )


DESCRIPTION = "The outside world on loopback: the Konnect gateway, Google and a mailbox, with faults to order."
EPILOG = (
    "In the environment only: KONNECT_API_KEY, the x-api-key that the gateway wants, and GOOGLE_CLIENT_ID and "
    "GOOGLE_CLIENT_SECRET, the client that Google knows; without them any will do."
)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= HIGHEST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _token_seconds(text: str) -> int:
    seconds = whole_number(text)
    if seconds is None or not 1 <= seconds <= LONGEST_TOKEN:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {LONGEST_TOKEN}")
    return seconds


def _loopback_host(text: str) -> str:
    if text not in HOSTS:
        raise argparse.ArgumentTypeError(f"{text!r} is refused: the sandbox listens on {HOST} only")
    return text


def _clock_url(text: str) -> str:
    try:
        return check_url(text)
    except NotLoopbackError as error:
        raise argparse.ArgumentTypeError(f"{text!r} {error}") from error
