"""`python -m sandbox`: run the outside world until SIGINT or SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

from sandbox.server import Sandbox
from sandbox.settings import read_settings
from sandbox.store import StoreError


def main() -> int:
    """Start, say where, and wait to be told to stop; 1 when a port is taken or its file is unusable."""
    settings = read_settings(sys.argv[1:], os.environ)
    told_to_stop = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        told_to_stop.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        sandbox = Sandbox(settings)
    except StoreError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"sandbox: cannot listen on {settings.host}:{settings.port}/{settings.smtp_port}: {error}\n")
        return 1
    with sandbox:
        sys.stdout.write(f"sandbox on {sandbox.url}, mail on {sandbox.smtp_url}\n")
        sys.stdout.flush()
        told_to_stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
