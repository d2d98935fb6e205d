"""The Procfile: one line `name: command` for each process of the system."""

from __future__ import annotations

import shlex
from pathlib import Path

from embedded.errors import EmbeddedError


def read_procfile(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the command of each process in the order of the file; raises EmbeddedError naming the bad line."""
    if not path.is_file():
        raise EmbeddedError(f"There is no {path}: run from the project's directory, or name the file with --procfile.")
    commands: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            name, argv = _parse(line, f"{path}, line {number}")
            commands[name] = argv
    return commands


def _parse(line: str, where: str) -> tuple[str, tuple[str, ...]]:
    name, colon, command = line.partition(":")
    try:
        argv = tuple(shlex.split(command))
    except ValueError as error:
        raise EmbeddedError(f"{where}: {error}.") from error
    if not colon or not name.strip() or not argv:
        raise EmbeddedError(f"{where} must read `name: command`, but it is {line!r}.")
    return name.strip(), argv
