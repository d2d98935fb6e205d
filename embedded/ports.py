"""Free TCP ports of the loopback interface."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Collection
from pathlib import Path

from embedded.errors import EmbeddedError

LOOPBACK = "127.0.0.1"
HIGHEST = 65_535
_LOWEST = 10_000
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_EPHEMERAL_DEFAULT = 32_768
_TRIES = 200


def ephemeral_start() -> int:
    """Return the first port that the kernel hands to outgoing connections.

    A listener above it may find its port taken by somebody's outgoing connection just when it restarts.
    """
    if not _EPHEMERAL_RANGE.exists():
        return _EPHEMERAL_DEFAULT
    lowest = int(_EPHEMERAL_RANGE.read_text().split()[0])
    return lowest if lowest > _LOWEST else _EPHEMERAL_DEFAULT


def is_free(port: int) -> bool:
    """Say whether a listener could bind the loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(preferred: int | None = None, taken: Collection[int] = ()) -> int:
    """Return the preferred port when it is free and not `taken`, else a random free one below the ephemeral range.

    Random, so that two worlds that start at the same moment hardly ever choose the same one.
    """
    if preferred is not None and preferred not in taken and is_free(preferred):
        return preferred
    for _ in range(_TRIES):
        port = _LOWEST + secrets.randbelow(ephemeral_start() - _LOWEST)
        if port not in taken and is_free(port):
            return port
    raise EmbeddedError(
        f"No free TCP port was found on {LOOPBACK} between {_LOWEST} and {ephemeral_start()}: end what listens there."
    )
