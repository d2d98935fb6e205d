"""What the person at the terminal reads."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection
from pathlib import Path

from embedded.environment import ADMIN_EMAIL, FLOWER_USER, Connections, Environments


class Console:
    """Progress lines with the seconds since the start, then the addresses."""

    def __init__(self) -> None:
        self._started_at = time.monotonic()

    def say(self, name: str, what: str) -> None:
        """Print one line about one process."""
        print(f"{time.monotonic() - self._started_at:7.1f} s  {name:<9} {what}", file=sys.stderr, flush=True)

    def addresses(self, environments: Environments, directory: Path, without: Collection[str]) -> None:
        """Print where everything that runs is reached, and where the passwords stand (never the passwords)."""
        secrets = shown(directory / "secrets.json")
        rows = {
            "API": f"{environments.api_url}/api/v1",
            "Docs": f"{environments.api_url}/docs",
            "Admin": f"{ADMIN_EMAIL}, password: admin_password in {secrets}",
            "Flower": f"{environments.flower_url} (user {FLOWER_USER}, password: flower_password in {secrets})",
            "Sandbox": environments.sandbox_url,
            "Mailbox": f"{environments.sandbox_url}/mailbox",
            "World": shown(directory / "world.json"),
            "Logs": shown(directory / "logs"),
        }
        lines = [f"  {label:<8} {value}" for label, value in rows.items() if label.lower() not in without]
        print("", *lines, "", "  Ctrl-C stops all of it.", "", sep="\n", flush=True)

    def urls(self, connections: Connections) -> None:
        """Print the URLs of the servers as lines for a shell."""
        rows = {
            "DATABASE_URL": connections.database_url,
            "MIGRATION_DATABASE_URL": connections.owner_url,
            "BROKER_URL": connections.broker_url,
        }
        print(*(f"export {name}={url}" for name, url in rows.items()), sep="\n", flush=True)


def shown(path: Path) -> str:
    """Return the path as the person would type it from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
