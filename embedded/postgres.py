"""A private PostgreSQL server on loopback."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from time import sleep

import psycopg

from embedded.binaries import find_postgres
from embedded.cluster import SUPERUSER, Cluster
from embedded.errors import EmbeddedError
from embedded.ports import LOOPBACK
from embedded.process import Pause, Process, Program
from embedded.unprivileged import settle

_INIT_SECONDS = 600.0
_READY_SECONDS = 300.0
_VERSION_SECONDS = 60
_CONNECT_SECONDS = 10
_BUILTIN_LOCALE_SINCE = 17

# On a busy disk the final sync takes seconds. Without it a machine that fails in the first half minute loses data that
# nobody has written to yet; from then on fsync is on.
_INITDB_OPTIONS = ("--no-sync", "--no-instructions")

# No unix socket: its path may be too long (107 bytes), and the password shall be asked everywhere.
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "lc_messages": "C",
    "log_error_verbosity": "terse",  # a DETAIL quotes the row that was refused, and with it a person
}


class Postgres:
    """One server with its data in `home/data`, kept from start to start."""

    def __init__(self, home: Path, log: Path, cluster: Cluster) -> None:
        self.cluster = cluster
        self._log = log
        installation = find_postgres()
        self._place = settle(installation, home)
        self.process = Process(self._server())

    def start(self, pause: Pause = sleep) -> None:
        """Initialise the data on the first start, start the server, and wait until it lets the superuser in.

        Raises StartFailedError with the end of the log, EmbeddedError when the data belong to another major version
        or another password.
        """
        if not self._data.exists():
            self._initialise(pause)
        self._refuse_another_version()
        self.process.start()
        self.process.wait_until(self._lets_in, _READY_SECONDS, pause)

    def stop(self) -> None:
        """Stop it within a moment: clients are disconnected, what was committed is on disk."""
        self.process.stop()

    @property
    def _data(self) -> Path:
        return self._place.home / "data"

    def _server(self) -> Program:
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        argv = ("postgres", "-D", str(self._data), "-p", str(self.cluster.port), *settings)
        # SIGINT is the fast shutdown; on SIGTERM it would wait for its clients to go.
        return self._program(argv, signal.SIGINT)

    def _initialise(self, pause: Pause) -> None:
        """Make the data beside their place and move them there when whole: a killed start leaves no half of them."""
        unfinished = self._place.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password = self._place.write_secret("superuser-password", self.cluster.superuser_password)
        options = ("-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8", *_INITDB_OPTIONS)
        initdb = Process(self._program(("initdb", "-D", str(unfinished), *options, *self._locale()), signal.SIGTERM))
        try:
            initdb.start()
            initdb.wait(_INIT_SECONDS, pause)
        finally:
            initdb.stop()
            password.unlink()
        unfinished.rename(self._data)

    def _locale(self) -> tuple[str, ...]:
        """Name the locale that sorts by code point and knows every letter, on any machine where that exists."""
        if self._major() >= _BUILTIN_LOCALE_SINCE:
            return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        return ("--locale=C.UTF-8",)

    def _program(self, argv: tuple[str, ...], stop_signal: signal.Signals) -> Program:
        place = self._place
        return Program(
            name=argv[0],
            argv=(str(place.programs / argv[0]), *argv[1:]),
            directory=place.home,
            log=self._log,
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stop_signal=stop_signal,
            disguise=place.disguise,
        )

    def _major(self) -> int:
        """Ask the program for its major version: `postgres (PostgreSQL) 18.6` is 18."""
        command = [str(self._place.programs / "postgres"), "--version"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_VERSION_SECONDS, check=True).stdout
        if not (number := re.search(r"\d+", answer)):
            raise EmbeddedError(f"{command[0]} does not say its version, but {answer!r}.")
        return int(number[0])

    def _refuse_another_version(self) -> None:
        data, programs = int((self._data / "PG_VERSION").read_text()), self._major()
        if data != programs:
            raise EmbeddedError(
                f"{self._data} was made by PostgreSQL {data}, but {self._place.programs} is {programs}: "
                "remove the data to start anew, or bring the old programs back."
            )

    def _lets_in(self) -> bool:
        if not self._is_ours():
            return False
        try:
            psycopg.connect(self.cluster.superuser_url(), connect_timeout=_CONNECT_SECONDS).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise EmbeddedError(
                    f"{self._data} was made with another password (is secrets.json gone?): remove it to start anew."
                ) from error
            return False
        return True

    def _is_ours(self) -> bool:
        """Say whether the data are held by the server that we started, and not by another one on the same port."""
        try:
            holder = (self._data / "postmaster.pid").read_text().partition("\n")[0]
        except FileNotFoundError:  # not written yet, or removed by a server that gave up
            return False
        return holder == str(self.process.pid)
