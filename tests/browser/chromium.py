"""Debian's chromium, driven by Playwright; every name but ours leads nowhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from embedded.ports import LOOPBACK

#: The pages are asked for under this name, as in production: on loopback Swagger UI would be more careful by itself.
NAME = "amana.example"
#: What Playwright calls a timeout: a busy machine takes its time to start a browser, and to draw a document.
PATIENCE_MILLISECONDS = 300_000


def find_chromium() -> str | None:
    """Return the path of the machine's chromium, None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def started(executable: str) -> Iterator[Browser]:
    """Run a browser that finds nothing but `NAME`, which is this machine."""
    rules = f"MAP {NAME} {LOOPBACK}, MAP * ~NOTFOUND, EXCLUDE {LOOPBACK}"
    with sync_playwright() as playwright:
        arguments = [f"--host-resolver-rules={rules}"]
        browser = playwright.chromium.launch(executable_path=executable, args=arguments, timeout=PATIENCE_MILLISECONDS)
        yield browser
        browser.close()
