"""The command of `--run`: it has the terminal, everything else has logs."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from embedded.errors import StartFailedError
from embedded.lifeline import spawn

_GRACE_SECONDS = 5.0
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

    def stop(self) -> None:
        """End it when it still runs."""
        if self._popen.poll() is None:
            self._popen.terminate()
        try:
            self._popen.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
