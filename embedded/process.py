"""One child process: started so that it cannot outlive us, stopped with everything that it started itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn, Protocol

from embedded.errors import StartFailedError
from embedded.lifeline import spawn
from embedded.unprivileged import AS_WE_ARE, Disguise

Pause = Callable[[float], None]
"""Sleep that many seconds. The supervisor's own raises as soon as a stop signal has come."""

_POLL_SECONDS = 0.02


class Witness(Protocol):
    """Somebody who must know which process groups are ours, at any moment."""

    def started(self, pid: int) -> None:
        """Take note of a new group, led by `pid`."""

    def ended(self, pid: int) -> None:
        """Take note that nothing is left of the group led by `pid`."""


@dataclass(frozen=True)
class Program:
    """What to run, as whom, in which environment. `stop_signal` ends it, and is its parent-death signal too."""

    name: str
    argv: tuple[str, ...]
    directory: Path
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    disguise: Disguise = AS_WE_ARE
    stdin: bytes = b""


class Process:
    """A program that can be started, asked, stopped, and started again."""

    def __init__(self, program: Program, witness: Witness | None = None) -> None:
        self.program = program
        self.witness = witness
        self.started_at = 0.0
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the main process, which leads the group of all that it starts; 0 before the first start."""
        return self._popen.pid if self._popen else 0

    @property
    def exit_code(self) -> int | None:
        """None while it runs or before the first start; negative for the number of a signal."""
        return self._popen.poll() if self._popen else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        """Start it as the leader of a new session; its output is appended to its log.

        Raises StartFailedError when there is no such program, EmbeddedError outside the main thread.
        """
        try:
            self._popen = self._spawn()
        except OSError as error:
            raise StartFailedError(f"{self.program.name} cannot be started: {error}.") from error
        self.started_at = time.monotonic()
        if self.witness:
            self.witness.started(self._popen.pid)
        if self._popen.stdin:
            with contextlib.suppress(BrokenPipeError), self._popen.stdin as stdin:
                stdin.write(self.program.stdin)

    def wait(self, seconds: float, pause: Pause = time.sleep) -> None:
        """Wait until it has ended with 0; raises StartFailedError for another code, or when it takes longer."""
        deadline = time.monotonic() + seconds
        while (code := self.exit_code) is None:
            if time.monotonic() > deadline:
                self.fail(f"did not end within {seconds:.0f} s")
            pause(_POLL_SECONDS)
        self.sweep()
        if code != 0:
            self.fail(f"ended with {code}")

    def wait_until(self, ready: Callable[[], bool], seconds: float, pause: Pause = time.sleep) -> None:
        """Wait until `ready()`; raises StartFailedError when it ends before, or is not ready in time."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.exit_code is not None:
                self.fail(f"ended with {self.exit_code} before it was ready")
            if time.monotonic() > deadline:
                self.fail(f"was not ready within {seconds:.0f} s")
            pause(_POLL_SECONDS)

    def ask_to_stop(self) -> None:
        """Send the stop signal to the main process, which ends its own children in its own order."""
        if self._popen and self._popen.poll() is None:
            self._popen.send_signal(self.program.stop_signal)

    def stop(self, grace: float = 10.0) -> None:
        """End it and its whole group: the stop signal first, SIGKILL after `grace` seconds."""
        self.ask_to_stop()
        deadline = time.monotonic() + grace
        while self.running and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        self.sweep()

    def sweep(self) -> None:
        """Kill what is left of its group: without their leader these would only hold its ports."""
        if self._popen is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        if self.witness:
            self.witness.ended(self._popen.pid)

    def fail(self, what: str) -> NoReturn:
        """Raise StartFailedError for this program, with the last lines of its log."""
        log = self.program.log
        raise StartFailedError(f"{self.program.name} {what}. The end of {log}:\n{last_lines(log)}")

    def _spawn(self) -> subprocess.Popen[bytes]:
        program = self.program
        with _append_to(program.log) as log:
            return spawn(
                [*program.disguise.prefix, *program.argv],
                program.stop_signal,
                cwd=program.directory,
                env=dict(program.environment),
                stdin=subprocess.PIPE if program.stdin else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=program.disguise.uid,
                group=program.disguise.gid,
                extra_groups=None if program.disguise.uid is None else [],
                umask=0o077,
            )


def last_lines(log: Path, lines: int = 25, limit: int = 16_384) -> str:
    """Return the last lines of a log, indented; at most `limit` bytes are read."""
    if not log.exists():
        return "  (there is no log)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - limit))
        text = file.read().decode(errors="replace")
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:]) or "  (it is empty)"


def _append_to(log: Path) -> IO[bytes]:
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    log.touch(mode=0o600)
    return log.open("ab")
