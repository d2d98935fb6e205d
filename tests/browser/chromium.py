"""Debian's chromium, driven by Playwright; every name but ours leads nowhere."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from embedded.ports import LOOPBACK, free_port

#: The pages are asked for under this name, as in production: on loopback Swagger UI would be more careful by itself.
NAME = "amana.example"


def find_chromium() -> str | None:
    """Return the path of the machine's chromium, None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def started(executable: str) -> Iterator[Browser]:
    """Run a browser that finds nothing but `NAME`, which is this machine."""
    rules = f"MAP {NAME} {LOOPBACK}, MAP * ~NOTFOUND, EXCLUDE {LOOPBACK}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[f"--host-resolver-rules={rules}"])
        yield browser
        browser.close()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application on loopback, and yield its address."""

    class Silent(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            """Say nothing."""

    server = make_server(LOOPBACK, free_port(), app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{NAME}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
