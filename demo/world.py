"""The running world, as `world.json` describes it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from demo.failures import Failed

VARIABLE = "AMANA_WORLD"
DEFAULT = Path(".run/world.json")


@dataclass(frozen=True)
class World:
    """Where everything is. `database_url` is the runtime role's; `has_own_postgres`: it was started with the world."""

    api: str
    sandbox: str
    database_url: str
    admin_email: str
    admin_password: str
    logs: Path
    has_own_postgres: bool


def read_world() -> World:
    """Read the file that AMANA_WORLD names, or the one of `make up`; raise Failed with the ways out."""
    path = Path(os.environ.get(VARIABLE) or DEFAULT)
    try:
        world = json.loads(path.read_text())
        return World(
            api=f"{world['api'].rstrip('/')}/api/v1",
            sandbox=world["sandbox"].rstrip("/"),
            database_url=world["database_url"],
            admin_email=world["admin"]["email"],
            admin_password=world["admin"]["password"],
            logs=path.parent / "logs",
            has_own_postgres="postgres" in world["pids"],
        )
    except FileNotFoundError:
        raise Failed(
            f"No world runs here: there is no {path}.\n"
            f"`make demo` starts one of its own; `make up` keeps one running; {VARIABLE} names the file of another."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failed(f"{path} does not describe a world: {type(error).__name__}: {error}.") from error


def shown(path: Path) -> str:
    """Return the path as the person would type it from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
