"""From a command line to a running world, and back to nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.console import Console
from embedded.environment import Environments
from embedded.foreground import ForegroundCommand
from embedded.guard import Guard
from embedded.keepsakes import Ports, Secrets, keep_ports, keep_secrets
from embedded.runlock import RunLock
from embedded.servers import Servers
from embedded.signals import StopRequested, StopSignals
from embedded.supervisor import GRACE_SECONDS, Supervisor
from embedded.unprivileged import leave
from embedded.world import STOP_ORDER, Plan, World

INTERRUPTED = 130
"""The exit code of a start or a command that was interrupted; stopping a running world is no failure."""

_TEND_SECONDS = 0.1


@dataclass(frozen=True)
class Stage:
    """What a world stands on: its kept ports and secrets, stop signals caught, a supervisor with a guard behind it."""

    ports: Ports
    secrets: Secrets
    console: Console
    signals: StopSignals
    supervisor: Supervisor
    grace_seconds: float

    def in_a_hurry(self) -> bool:
        """Whether nobody gets any grace any more."""
        return self.signals.in_a_hurry


def up(plan: Plan, command: Sequence[str], *, keep: bool = False) -> int:
    """Run the whole system until it is asked to stop, or until `command` ends unless told to keep it.

    Return the exit code: the command's, where there is one.
    """
    with _stage(plan.directory, plan.grace_seconds) as stage:
        servers = Servers(plan.directory, stage.ports, stage.secrets, os.environ)
        environments = Environments(stage.ports, stage.secrets, servers.connections, plan.directory)
        world = World(plan, servers, environments, stage.supervisor)
        world.file.unlink(missing_ok=True)
        try:
            world.start(stage.signals.pause, stage.console.say)
            code = _run(command, world, stage) if command else 0
            if command and not keep:
                return code
            stage.console.addresses(environments, plan.directory, plan.without)
            _tend(world.tend, stage)
            return code
        finally:
            world.file.unlink(missing_ok=True)


def services(directory: Path) -> int:
    """Run only PostgreSQL and Valkey until asked to stop; their URLs are printed."""
    with _stage(directory) as stage:
        servers = Servers(directory, stage.ports, stage.secrets, os.environ)
        servers.start(stage.supervisor, stage.signals.pause, stage.console.say)
        stage.console.urls(servers.connections)
        _tend(stage.supervisor.tend, stage)
        return 0


def clean(directory: Path) -> int:
    """Remove the run directory and what its servers keep elsewhere; refused while a world runs there."""
    if directory.exists():
        with _taken(directory):
            for home in directory.iterdir():
                leave(home)
            shutil.rmtree(directory)
    return 0


def _tend(tend: Callable[[], object], stage: Stage) -> None:
    try:
        while True:
            tend()
            stage.signals.pause(_TEND_SECONDS)
    except StopRequested:
        stage.console.say("", "stopping (once more Ctrl-C: at once)")


def _run(argv: Sequence[str], world: World, stage: Stage) -> int:
    command = ForegroundCommand(argv, world.file)
    try:
        while (code := command.exit_code) is None:
            world.tend()
            stage.signals.pause(_TEND_SECONDS)
        return code
    finally:
        command.stop(stage.grace_seconds, stage.in_a_hurry)


@contextmanager
def _stage(directory: Path, grace_seconds: float = GRACE_SECONDS) -> Iterator[Stage]:
    """Take the run directory, and see to it that nothing is left running, however the block ends."""
    console = Console()
    with _taken(directory) as lock, StopSignals() as signals:
        guard = Guard(lock.remains)
        supervisor = Supervisor(guard, console.say, grace_seconds)
        for log in (directory / "logs").glob("*.log"):
            log.unlink()
        try:
            ports = keep_ports(directory / "ports.json", os.environ.get("PORT"))
            secrets = keep_secrets(directory / "secrets.json")
            yield Stage(ports, secrets, console, signals, supervisor, grace_seconds)
        finally:
            supervisor.stop(STOP_ORDER, lambda: signals.in_a_hurry)
            guard.dismiss()


@contextmanager
def _taken(directory: Path) -> Iterator[RunLock]:
    lock = RunLock(directory)
    try:
        yield lock
    finally:
        lock.release()
