"""How a server runs without being root, wherever its programs and its data stand.

PostgreSQL refuses to run as root, and nothing we start should. An ordinary user needs nothing. For root there are three
ways, tried in this order:

1. the user `nobody`, where the file modes let it reach both the programs and the data;
2. a user namespace in which root appears as `nobody`: it reaches what root reaches (a clone below a 0700 home), has no
   capability left, and keeps its parent-death signal;
3. where namespaces are refused, `nobody` with a private copy of the programs, and the data, below the system's temp.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from embedded.binaries import Installation
from embedded.errors import EmbeddedError

_PROBE_SECONDS = 60
_POINTER = "elsewhere"  # a link from the home that was asked for to the private directory


@dataclass(frozen=True)
class Disguise:
    """Who a program runs as: a prefix for its command line, or a user and group to change to."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None


AS_WE_ARE = Disguise()


@dataclass(frozen=True)
class Place:
    """Where a server stands: its programs, the directory that it owns, and who it runs as."""

    programs: Path
    home: Path
    disguise: Disguise

    def write_secret(self, name: str, text: str) -> Path:
        """Write a file (0600) that only the server's user reads, and return its path."""
        path = self.home / name
        path.unlink(missing_ok=True)
        # The directory may be nobody's: O_EXCL follows no link that somebody has put there meanwhile.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        _give(path, self.disguise)
        return path


def settle(installation: Installation, home: Path) -> Place:
    """Make `home` (0700) belong to whoever shall run the server, and say who and where that is.

    Raises EmbeddedError when root finds none of the three ways.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return Place(installation.programs, home, AS_WE_ARE)
    if not (home / _POINTER).is_symlink():
        disguise = _disguise_in_place(installation.programs, home)
        if disguise is not None:
            _give(home, disguise)
            return Place(installation.programs, home, disguise)
    return _settle_elsewhere(installation, home)


def leave(home: Path) -> None:
    """Remove what a server kept, with its private copy below the system's temp if there was one."""
    elsewhere = home / _POINTER
    if elsewhere.is_symlink():
        shutil.rmtree(elsewhere.readlink(), ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def _disguise_in_place(programs: Path, home: Path) -> Disguise | None:
    nobody = _nobody()
    if _others_enter(programs) and _others_enter(home.parent):
        return nobody
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    # The mapped user needs a name in the user database, or initdb refuses it; `nobody` has one everywhere.
    prefix = (unshare, "-U", f"--map-user={nobody.uid}", f"--map-group={nobody.gid}")
    probe = subprocess.run([*prefix, "true"], capture_output=True, timeout=_PROBE_SECONDS, check=False)
    return Disguise(prefix=prefix) if probe.returncode == 0 else None


def _settle_elsewhere(installation: Installation, home: Path) -> Place:
    pointer = home / _POINTER
    if not pointer.is_dir():
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(tempfile.mkdtemp(prefix="amana-"))
    private = pointer.readlink()
    programs = installation.programs
    if not _others_enter(programs):
        programs = _private_copy(installation, private / "programs")
    _give(private, _nobody())
    return Place(programs, private, _nobody())


def _private_copy(installation: Installation, target: Path) -> Path:
    if not installation.parts:
        raise EmbeddedError(
            f"The user nobody cannot reach {installation.programs}, and user namespaces are refused here: "
            "run as an ordinary user."
        )
    shutil.rmtree(target, ignore_errors=True)
    copy = installation.copy_to(target)
    _give(target, _nobody())
    return copy.programs


def _nobody() -> Disguise:
    nobody = pwd.getpwnam("nobody")
    return Disguise(uid=nobody.pw_uid, gid=nobody.pw_gid)


def _others_enter(directory: Path) -> bool:
    """Say whether the modes of the directory and of all its parents let everybody enter."""
    return all(path.stat().st_mode & stat.S_IXOTH for path in (directory.resolve(), *directory.resolve().parents))


def _give(top: Path, disguise: Disguise) -> None:
    """Hand a path, and all below it, to the disguised user; nothing to do when it is theirs already."""
    uid = os.geteuid() if disguise.uid is None else disguise.uid
    gid = os.getegid() if disguise.gid is None else disguise.gid
    if top.stat().st_uid == uid:
        return
    for path in (*top.rglob("*"), top):  # the top last: its owner says that all was handed over
        os.chown(path, uid, gid, follow_symlinks=False)
