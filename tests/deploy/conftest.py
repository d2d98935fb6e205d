"""What the files of a deployment say, read as the programs read them that they are written for."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import yaml

from tests.architecture.sources import ROOT


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """Return docker-compose.yml with its merges done."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return read


@pytest.fixture(scope="session")
def ours(compose: dict[str, Any]) -> dict[str, Any]:
    """Return the services that run our image."""
    return {name: service for name, service in compose["services"].items() if service.get("image") == "amana"}


@pytest.fixture(scope="session")
def example() -> dict[str, tuple[str, bool]]:
    """Return the variables of .env.example, each with its value and whether it stands there without #."""
    lines = re.findall(r"^(#?)([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return {variable: (value, not hidden) for hidden, variable, value in lines}


def words(command: str | list[str]) -> list[str]:
    """Return the words of a command."""
    return shlex.split(command) if isinstance(command, str) else command


def queues_of(service: dict[str, Any]) -> list[str]:
    """Return the queues that a service consumes: none unless it is a group of workers."""
    command = words(service["command"])
    return command[command.index("--queues") + 1].split(",") if "--queues" in command else []
