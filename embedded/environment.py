"""The environment of each process: the settings of a demo world, and no secret that the process does not need."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from embedded.given import GIVEN
from embedded.keepsakes import Ports, Secrets
from embedded.ports import LOOPBACK

ADMIN_EMAIL = "admin@example.com"
FLOWER_USER = "amana"
MAIL_FROM = "Amana <no-reply@example.com>"


@dataclass(frozen=True)
class Connections:
    """Where the truth and the carrier are, embedded or brought along."""

    database_url: str
    owner_url: str
    broker_url: str


@dataclass(frozen=True)
class Environments:
    """Builds what each process of the Procfile finds in its environment."""

    ports: Ports
    secrets: Secrets
    connections: Connections
    directory: Path

    @property
    def api_url(self) -> str:
        """Where the API is reached."""
        return f"http://{LOOPBACK}:{self.ports.api}"

    @property
    def sandbox_url(self) -> str:
        """Where the sandbox is reached."""
        return f"http://{LOOPBACK}:{self.ports.sandbox}"

    @property
    def flower_url(self) -> str:
        """Where Flower is reached."""
        return f"http://{LOOPBACK}:{self.ports.flower}"

    def of(self, name: str) -> dict[str, str]:
        """Return the environment of one process.

        Only the migration gets the owner's URL. The sandbox is the outside world: it gets neither database nor keys,
        apart from the API key by which the gateway knows its merchant.
        """
        settings = self._sandbox() if name == "sandbox" else self._system()
        if name == "migrate":
            settings["MIGRATION_DATABASE_URL"] = self.connections.owner_url
        if name == "flower":
            settings |= self._flower()
        return _inherited() | settings

    def _system(self) -> dict[str, str]:
        secrets, connections = self.secrets, self.connections
        return {
            "AMANA_ENV": "demo",
            "DATABASE_URL": connections.database_url,
            "BROKER_URL": connections.broker_url,
            "SECRET_KEY": secrets.secret_key,
            "PORT": str(self.ports.api),
            "PUBLIC_URL": self.api_url,
            "FRONTEND_URL": self.api_url,
            "KONNECT_BASE_URL": f"{self.sandbox_url}/konnect/api/v2",
            "KONNECT_API_KEY": secrets.konnect_api_key,
            "KONNECT_WALLET_ID": secrets.konnect_wallet_id,
            "KONNECT_PAY_HOSTS": f"{LOOPBACK}:{self.ports.sandbox}",
            **self._google(),
            "SMTP_URL": f"smtp://{LOOPBACK}:{self.ports.smtp}",
            "MAIL_FROM": MAIL_FROM,
            "SWEEP_SECONDS": os.environ.get("SWEEP_SECONDS", "1"),
        }

    def _google(self) -> dict[str, str]:
        """Google as the sandbox plays it; it takes any client, so id and secret need be nobody's secret."""
        return {
            "GOOGLE_CLIENT_ID": "amana.apps.googleusercontent.example",
            "GOOGLE_CLIENT_SECRET": "known to the sandbox alone",
            "GOOGLE_AUTH_URL": f"{self.sandbox_url}/google/o/oauth2/v2/auth",
            "GOOGLE_TOKEN_URL": f"{self.sandbox_url}/google/token",
            "GOOGLE_REVOKE_URL": f"{self.sandbox_url}/google/revoke",
            "GOOGLE_USERINFO_URL": f"{self.sandbox_url}/google/v1/userinfo",
            "GOOGLE_CALENDAR_URL": f"{self.sandbox_url}/google/calendar/v3",
        }

    def _sandbox(self) -> dict[str, str]:
        return {
            "AMANA_ENV": "demo",
            "SANDBOX_PORT": str(self.ports.sandbox),
            "SANDBOX_SMTP_PORT": str(self.ports.smtp),
            "CLOCK_URL": f"{self.api_url}/api/v1/sandbox/clock",
            "SANDBOX_DIRECTORY": str(self.directory / "sandbox"),
            "KONNECT_API_KEY": self.secrets.konnect_api_key,
        }

    def _flower(self) -> dict[str, str]:
        return {
            "FLOWER_BASIC_AUTH": f"{FLOWER_USER}:{self.secrets.flower_password}",
            "FLOWER_ADDRESS": LOOPBACK,
            "FLOWER_PORT": str(self.ports.flower),
        }


def _inherited() -> dict[str, str]:
    """Return our own environment without anybody's URLs and keys, and with this Python's programs first on PATH."""
    inherited = {name: value for name, value in os.environ.items() if not _is_setting(name)}
    programs = str(Path(sys.executable).parent)
    return inherited | {
        "PATH": os.pathsep.join((programs, os.environ.get("PATH", os.defpath))),
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": f"{LOOPBACK},localhost",
        "no_proxy": f"{LOOPBACK},localhost",
    }


#: What the supervisor decides about besides what its prefix tells.
_OTHERS = ("AMANA_ENV", "SMTP_URL", "CLOCK_URL", "METRICS_TOKEN", "RETURN_URLS")


def _is_setting(name: str) -> bool:
    """Say whether the supervisor decides about a variable; tuning ones (LOG_LEVEL, WEB_WORKERS …) pass."""
    prefixes = ("KONNECT_", "FLOWER_", "SANDBOX_", "SECRET_KEY", "AMANA_WORLD", "SENTRY_", "GOOGLE_", "OTEL_")
    return name.startswith(prefixes) or name in {*GIVEN, *_OTHERS}
