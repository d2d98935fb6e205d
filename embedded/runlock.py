"""One world per run directory."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from embedded.errors import EmbeddedError

_REMAINS_SECONDS = 60.0
_POLL_SECONDS = 0.05


class RunLock:
    """Two file locks, freed by the kernel with their holders: one of the world, one of its remains.

    The second one is shared with the guard, which may still be ending the children of a killed supervisor.
    """

    def __init__(self, directory: Path) -> None:
        """Make the directory and take both.

        Raises EmbeddedError when it cannot be written, when a world runs there, or when the remains of one do not end.
        """
        self._directory = directory
        try:
            # Others may pass through it (root's servers run as nobody) but not list it; its files have their own modes.
            directory.mkdir(mode=0o711, parents=True, exist_ok=True)
            self._world = _open(directory / "world.lock")
            self.remains = _open(directory / "remains.lock")
        except OSError as error:
            raise EmbeddedError(
                f"The run directory {directory} cannot be used: {error.strerror}. Choose another with --directory."
            ) from error
        try:
            self._take()
        except EmbeddedError:
            self.release()
            raise

    def release(self) -> None:
        """Let the next world in."""
        os.close(self._world)
        os.close(self.remains)

    def _take(self) -> None:
        if not _lock(self._world):
            holder = os.pread(self._world, 20, 0).decode()
            raise EmbeddedError(
                f"A world runs in {self._directory} already (process {holder}). Use it (its addresses are in "
                f"{self._directory / 'world.json'}), stop it with Ctrl-C there, or choose another --directory."
            )
        deadline = time.monotonic() + _REMAINS_SECONDS
        while not _lock(self.remains):
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"What is left of a killed world in {self._directory} does not end; try again, or end it by hand."
                )
            time.sleep(_POLL_SECONDS)
        os.ftruncate(self._world, 0)
        os.pwrite(self._world, str(os.getpid()).encode(), 0)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
