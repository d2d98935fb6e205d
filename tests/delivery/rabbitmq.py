"""A RabbitMQ node of this test alone: on loopback, in a directory of its own, gone without a trace afterwards."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

from kombu import Connection

from embedded.ports import LOOPBACK, free_port
from embedded.process import Process, Program

#: Debian's program for everybody; `rabbitmq-server` on PATH insists on the user and the directories of the package.
SCRIPTS = (Path("/usr/lib/rabbitmq/bin"), Path("/opt/rabbitmq/sbin"), Path("/opt/homebrew/sbin"))
START_SECONDS = 600.0


def find_rabbitmq() -> Path | None:
    """Return the program, None where it is not installed."""
    found = [scripts / "rabbitmq-server" for scripts in SCRIPTS if (scripts / "rabbitmq-server").exists()]
    return found[0] if found and shutil.which("epmd") else None


class RabbitMQ:
    """One node, and the port mapper of Erlang's that it would otherwise leave behind."""

    def __init__(self, program: Path, home: Path) -> None:
        """Choose ports; nothing is started yet."""
        home.mkdir()
        (home / "enabled_plugins").write_text("[].")
        self._port = free_port()
        environment = self._environment(home)
        self._mapper = Process(Program("epmd", ("epmd",), home, home / "epmd.log", environment))
        self.process = Process(Program("rabbitmq", (str(program),), home, home / "rabbitmq.log", environment))

    @property
    def url(self) -> str:
        """The broker URL; the guest may come in from loopback alone."""
        return f"amqp://guest:guest@{LOOPBACK}:{self._port}//"

    def start(self) -> None:
        """Start it and wait until it answers; raises StartFailedError with the end of the log."""
        if not self._mapper.running:
            self._mapper.start()
        self.process.start()
        self.process.wait_until(self._answers, START_SECONDS)

    def stop(self) -> None:
        """Stop it with its port mapper."""
        self.process.stop(grace=0)
        self._mapper.stop(grace=0)

    def waiting(self, queue: str) -> int:
        """Count the messages of a queue that no worker has fetched."""
        with Connection(self.url) as connection:
            return connection.default_channel.queue_declare(queue, passive=True).message_count

    def forget(self, queue: str) -> None:
        """Throw away what waits in a queue."""
        with Connection(self.url) as connection:
            connection.default_channel.queue_purge(queue)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self._port), 30) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return bool(connection.recv(1))
        except OSError:
            return False

    def _environment(self, home: Path) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),  # its cookie
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(free_port()),
            "RABBITMQ_CONF_ENV_FILE": str(home / "no-settings-of-the-machine"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_LOG_BASE": str(home),
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_NODENAME": f"amana{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_PID_FILE": str(home / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",  # one thread, and no spinning while it is idle
        }
