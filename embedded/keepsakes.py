"""What a world keeps in its run directory from start to start: its secrets and its ports."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from embedded.errors import EmbeddedError
from embedded.ports import HIGHEST, free_port, is_free

_KONNECT_ID_BYTES = 12  # Konnect's ids are 24 hexadecimal digits
_PASSWORD_BYTES = 24


def new_password() -> str:
    """Return a random password that needs no quoting in a URL, a configuration file or a shell."""
    return secrets.token_hex(_PASSWORD_BYTES)


def _konnect_id() -> str:
    return secrets.token_hex(_KONNECT_ID_BYTES)


@dataclass(frozen=True)
class Secrets:
    """Everything that must not be known outside; the names are those of `secrets.json`."""

    secret_key: str
    postgres_superuser_password: str
    postgres_owner_password: str
    postgres_runtime_password: str
    broker_password: str
    flower_password: str
    admin_password: str
    konnect_api_key: str
    konnect_wallet_id: str


_MAKERS: Mapping[str, Callable[[], str]] = {
    "konnect_api_key": lambda: f"{_konnect_id()}:{new_password()}",
    "konnect_wallet_id": _konnect_id,
}


@dataclass(frozen=True)
class Ports:
    """The loopback ports of one world."""

    api: int
    sandbox: int
    smtp: int
    flower: int
    postgres: int
    broker: int


def keep_secrets(path: Path) -> Secrets:
    """Read `secrets.json` and make what is missing; the file is readable by its owner only."""
    kept = _read(path)
    names = [field.name for field in fields(Secrets)]
    found = Secrets(**{name: str(kept.get(name) or _MAKERS.get(name, new_password)()) for name in names})
    write_json(path, asdict(found))
    return found


def keep_ports(path: Path, wanted_api: str | None) -> Ports:
    """Return last time's ports as far as they are free, else new ones, so that addresses stay the same.

    `wanted_api` is the text of the environment's PORT; raises EmbeddedError when it is no port or taken.
    """
    kept = _read(path)
    chosen = {"api": _wanted(wanted_api)} if wanted_api else {}
    for field in fields(Ports):
        if field.name not in chosen:
            chosen[field.name] = free_port(kept.get(field.name), taken=chosen.values())
    ports = Ports(**chosen)
    write_json(path, asdict(ports))
    return ports


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a file (mode 0600) in one step: a reader sees the old one or the new one, whole."""
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    beside.write_text(json.dumps(content, indent=2) + "\n")
    beside.replace(path)


def _wanted(text: str) -> int:
    port = int(text) if text.isdecimal() else 0
    if not 0 < port <= HIGHEST:
        raise EmbeddedError(f"PORT must be a number between 1 and {HIGHEST}, but it is {text!r}.")
    if not is_free(port):
        raise EmbeddedError(
            f"PORT is {port}, but something listens there already: choose another, or leave PORT unset."
        )
    return port


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise EmbeddedError(
            f"{path} is not readable as JSON ({error}): mend it, or remove it to have a new one made."
        ) from error
    if not isinstance(content, dict):
        raise EmbeddedError(f"{path} must hold a JSON object: mend it, or remove it to have a new one made.")
    return content
