"""The whole system on one machine: servers, migration, the processes of the Procfile, and `world.json`."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.environment import ADMIN_EMAIL, Environments
from embedded.errors import EmbeddedError
from embedded.keepsakes import write_json
from embedded.process import Pause, Process, Program
from embedded.procfile import read_procfile
from embedded.readiness import answers_ok
from embedded.servers import Say, Servers
from embedded.supervisor import GRACE_SECONDS, Supervisor

STOP_ORDER = (("api", "flower"), ("beat", "relay", "worker"), ("sandbox",), ("broker",), ("postgres",))
"""Doors first, so that nothing new comes in; PostgreSQL last, so that everybody can still write down what he did."""

_MIGRATE = "migrate"
_EARLY = ("sandbox",)  # needs nobody: it starts beside the servers
_LATE = ("flower",)  # nobody needs it: it leaves the processors to the others until they are ready
_CREATE_ADMIN = ("flask", "--app", "wsgi", "users", "create-admin", "--email", ADMIN_EMAIL, "--password-stdin")
_MIGRATION_SECONDS = 600.0
_READY_SECONDS = 600.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Plan:
    """What a person asked for: where the world keeps its things, which processes run, how long each may take to end."""

    directory: Path
    procfile: Path
    without: frozenset[str] = frozenset()
    grace_seconds: float = GRACE_SECONDS

    def commands(self) -> dict[str, tuple[str, ...]]:
        """Return the commands to run by name; raises EmbeddedError for a name that the Procfile does not have."""
        commands = read_procfile(self.procfile)
        if unknown := self.without - commands.keys():
            raise EmbeddedError(
                f"--without {' '.join(sorted(unknown))}: {self.procfile} has only {', '.join(commands)}."
            )
        return {name: argv for name, argv in commands.items() if name not in self.without}


class World:
    """One world: `start` it, then `tend` it as long as it shall run. Its supervisor stops it, in STOP_ORDER."""

    def __init__(self, plan: Plan, servers: Servers, environments: Environments, supervisor: Supervisor) -> None:
        self.file = plan.directory / "world.json"
        self._plan = plan
        self._commands = plan.commands()
        self._servers = servers
        self._environments = environments
        self._supervisor = supervisor

    def start(self, pause: Pause, say: Say) -> None:
        """Start everything, as much as possible at once, and return when the API and the sandbox are ready.

        Raises StartFailedError with the end of the guilty log.
        """
        self._keep_all(_EARLY)
        self._servers.start(self._supervisor, pause, say)
        self._migrate(pause, say)
        admin = self._create_admin()
        try:
            self._keep_all(name for name in self._commands if name not in {_MIGRATE, *_EARLY, *_LATE})
            self._await_ready(admin, pause, say)
            self._keep_all(_LATE)
        finally:
            admin.stop()
        self.write()

    def tend(self) -> None:
        """Start again what has died, and bring `world.json` up to date."""
        if self._supervisor.tend():
            self.write()

    def write(self) -> None:
        """Write `world.json` (mode 0600), as the public contract describes it."""
        environments = self._environments
        content: dict[str, Any] = {
            "api": environments.api_url,
            "sandbox": environments.sandbox_url,
            "flower": environments.flower_url if "flower" in self._commands else None,
            "database_url": environments.connections.database_url,
            "database_owner_url": environments.connections.owner_url,
            "broker_url": environments.connections.broker_url,
            "admin": {"email": ADMIN_EMAIL, "password": environments.secrets.admin_password},
            "pids": self._supervisor.pids,
        }
        write_json(self.file, content)

    def _keep_all(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self._commands:
                self._supervisor.keep(Process(self._program(name, self._commands[name]))).start()

    def _migrate(self, pause: Pause, say: Say) -> None:
        if _MIGRATE not in self._commands:
            return
        migration = Process(self._program(_MIGRATE, self._commands[_MIGRATE]))
        try:
            migration.start()
            migration.wait(_MIGRATION_SECONDS, pause)
        finally:
            migration.stop()
        say(_MIGRATE, "the database is up to date")

    def _create_admin(self) -> Process:
        """Start the command that makes the first admin, or leaves it as it is; the password goes in by stdin."""
        password = f"{self._environments.secrets.admin_password}\n".encode()
        admin = Process(self._program("create-admin", _CREATE_ADMIN, password))
        admin.start()
        return admin

    def _await_ready(self, admin: Process, pause: Pause, say: Say) -> None:
        ports = self._environments.ports
        doors = {"api": (ports.api, "/health/ready"), "sandbox": (ports.sandbox, "/")}
        waiting = {name: door for name, door in doors.items() if name in self._commands}
        deadline = time.monotonic() + _READY_SECONDS
        while waiting:
            for name, door in list(waiting.items()):
                if answers_ok(*door):
                    say(name, f"ready on port {door[0]}")
                    del waiting[name]
            self._supervisor.raise_if_ended()
            if time.monotonic() > deadline:
                self._supervisor.fail(next(iter(waiting)), f"was not ready within {_READY_SECONDS:.0f} s")
            pause(_POLL_SECONDS)
        admin.wait(_READY_SECONDS, pause)

    def _program(self, name: str, argv: tuple[str, ...], stdin: bytes = b"") -> Program:
        environment = self._environments.of(name)
        return Program(
            name=name,
            argv=argv,
            directory=self._plan.procfile.parent,
            log=self._plan.directory / f"logs/{name}.log",
            environment=environment,
            stdin=stdin,
        )
