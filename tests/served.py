"""An application on a real socket of loopback, in threads of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from embedded.ports import LOOPBACK, free_port


@contextmanager
def served(app: Flask, name: str = LOOPBACK) -> Iterator[str]:
    """Serve it, one thread for each connection, and yield its address under a name that leads here."""

    class Silent(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            """Say nothing."""

    server = make_server(LOOPBACK, free_port(), app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{name}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
