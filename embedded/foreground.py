"""The command of `--run`: it has the terminal, everything else has logs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from embedded.errors import StartFailedError
from embedded.lifeline import spawn

_POLL_SECONDS = 0.02
_SIGNAL_BASE = 128  # a shell's exit code for a command that a signal ended


class ForegroundCommand:
    """A command in our own process group, so that Ctrl-C reaches it and it may read from the terminal."""

    def __init__(self, argv: Sequence[str], world_file: Path) -> None:
        environment = os.environ | {"AMANA_WORLD": str(world_file)}
        try:
            self._popen = spawn(argv, signal.SIGTERM, env=environment)
        except OSError as error:
            raise StartFailedError(f"--run {argv[0]} cannot be started: {error}.") from error

    @property
    def exit_code(self) -> int | None:
        """None while it runs; 128 + n when signal n ended it."""
        code = self._popen.poll()
        return code if code is None or code >= 0 else _SIGNAL_BASE - code

    def stop(self, grace_seconds: float, hurry: Callable[[], bool]) -> None:
        """End it when it still runs: it is asked to, and killed after the grace; in a hurry it gets none."""
        if self._popen.poll() is None:
            self._popen.terminate()
        deadline = time.monotonic() + grace_seconds
        while self._popen.poll() is None and time.monotonic() < deadline and not hurry():
            time.sleep(_POLL_SECONDS)
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()
