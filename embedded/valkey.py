"""A private Valkey (or Redis) server on loopback: the broker. It keeps nothing on disk, the truth is in PostgreSQL."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from time import sleep

from embedded.binaries import find_valkey, valkey_installation
from embedded.ports import LOOPBACK
from embedded.process import Pause, Process, Program
from embedded.unprivileged import settle

_READY_SECONDS = 300.0
_CONNECT_SECONDS = 10.0


class Valkey:
    """One server that asks for a password and forgets all when it stops."""

    def __init__(self, home: Path, log: Path, port: int, password: str) -> None:
        self.port = port
        self._password = password
        program = find_valkey()
        place = settle(valkey_installation(program), home)
        self.process = Process(
            Program(
                name="broker",
                argv=(str(place.programs / program.name), "-"),
                directory=place.home,
                log=log,
                environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                disguise=place.disguise,
                # Settings by stdin: on the command line every user of the machine could read the password.
                stdin=self._settings(),
            )
        )

    @property
    def url(self) -> str:
        """The broker URL, password included."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def start(self, pause: Pause = sleep) -> None:
        """Start it and wait until it answers; raises StartFailedError with the end of the log."""
        self.process.start()
        self.process.wait_until(self._answers, _READY_SECONDS, pause)

    def stop(self) -> None:
        """Stop it at once; what is queued is gone."""
        self.process.stop()

    def _settings(self) -> bytes:
        lines = (f"bind {LOOPBACK}", f"port {self.port}", f"requirepass {self._password}", 'save ""', "appendonly no")
        return "\n".join((*lines, "maxmemory-policy noeviction", "")).encode()

    def _answers(self) -> bool:
        """Say AUTH and PING as inline commands: no client library has to be imported for it."""
        try:
            with socket.create_connection((LOOPBACK, self.port), _CONNECT_SECONDS) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\nQUIT\r\n".encode())
                return b"+PONG" in connection.makefile("rb").read()
        except OSError:
            return False
