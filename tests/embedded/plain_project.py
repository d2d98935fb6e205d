"""A project whose processes are plain programs, and `python -m embedded` run on it as a person would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.patience import eventually

ROOT = Path(__file__).parent.parent.parent

#: So long a world may take to stand, or to end: it makes a database of its own, and has company.
WORLD_SECONDS = 600.0

PROCFILE = """\
# Plain programs with the names of the real ones; the worker has a child of its own, and ends without ending it.
migrate: true
api: python -S web.py
worker: sh -c 'sleep 1000 & wait'
sandbox: python -S web.py
"""

# Answers every GET with 200, on the port that it was given.
WEB = """\
import os, socket

port = int(os.environ.get("SANDBOX_PORT") or os.environ["PORT"])
listener = socket.create_server(("127.0.0.1", port))
while True:
    client, _ = listener.accept()
    client.recv(65536)
    client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
    client.close()
"""

# Understands the one command that the supervisor runs, and notes what it was given.
WSGI = """\
import json, sys
import click
from flask import Flask

app = Flask(__name__)

@app.cli.group()
def users():
    pass

@users.command("create-admin")
@click.option("--email")
@click.option("--password-stdin", is_flag=True)
def create_admin(email, password_stdin):
    with open("admin.json", "w") as file:
        json.dump({"email": email, "password": sys.stdin.readline().strip(), "argv": sys.argv}, file)
"""


class StillStartingError(Exception):
    """The world ended, or stayed silent, before its file was there."""


@dataclass
class PlainProject:
    """A directory with a Procfile and the programs in it."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)
    started: list[Running] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        for name, text in {"Procfile": PROCFILE, "web.py": WEB, "wsgi.py": WSGI}.items():
            (self.directory / name).write_text(text)

    def replace(self, name: str, command: str) -> None:
        """Give the Procfile another command for one name, or a new name."""
        procfile = self.directory / "Procfile"
        others = [line for line in procfile.read_text().splitlines() if not line.startswith(f"{name}:")]
        procfile.write_text("\n".join([*others, f"{name}: {command}", ""]))

    def start(self, *arguments: str) -> Running:
        """Run `python -m embedded …` in the directory and do not wait."""
        inherited = {name: value for name, value in os.environ.items() if not name.endswith("_URL") and name != "PORT"}
        process = subprocess.Popen(
            [sys.executable, "-m", "embedded", *arguments],
            cwd=self.directory,
            env=inherited | {"PYTHONPATH": str(ROOT)} | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(Running(process, self.directory / ".run"))
        return self.started[-1]

    def up(self, *arguments: str) -> Running:
        """Run `python -m embedded up …` and wait until the world stands."""
        running = self.start("up", *arguments)
        running.world()
        return running

    def end(self) -> None:
        """End what a failed test has left running, also what does not stop: its guard ends all that it has started."""
        for running in self.started:
            running.process.kill()
            running.process.communicate()


@dataclass
class Running:
    """One supervisor at work."""

    process: subprocess.Popen[str]
    run_directory: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def world(self, seconds: float = WORLD_SECONDS) -> dict[str, Any]:
        """Return `world.json` as soon as it is there."""
        file = self.run_directory / "world.json"
        deadline = time.monotonic() + seconds
        while not file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise StillStartingError("".join(self.process.communicate()))
            time.sleep(0.02)
        return json.loads(file.read_text())

    def world_with_another(self, name: str, pid: int) -> dict[str, Any]:
        """Return `world.json` as soon as it names another main process than `pid`."""
        eventually(lambda: self.world()["pids"][name] != pid, f"another {name}")
        return self.world()

    def finish(self, number: signal.Signals | None = None) -> tuple[int, str, str]:
        """Send a signal if one is given, wait for the end, and return exit code, output and errors."""
        if number is not None:
            self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=WORLD_SECONDS)
        return self.process.returncode, output, errors
