"""Takes the picture of the API document: `make picture`, with chromium on the machine; it is kept in docs/."""

from __future__ import annotations

import os
import sys

from tests.architecture.api_document import NOWHERE
from tests.architecture.sources import ROOT
from tests.browser.chromium import NAME, find_chromium, started
from tests.environment import ENVIRONMENT
from tests.served import served

PICTURE = ROOT / "docs/api-document.png"
OPERATION = "#operations-bookings-bookings_cancel"


def take() -> None:
    """Open one operation, and take what a screen shows of it."""
    from app.factory import create_app  # noqa: PLC0415 - it reads the settings, which are set below

    executable = find_chromium()
    if executable is None:
        sys.exit("There is no chromium on this machine: apt-get install chromium")
    with served(create_app(), NAME) as address, started(executable) as browser:
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.goto(f"{address}/docs")
        page.locator(f"{OPERATION} .opblock-summary-control").click()
        page.locator(f"{OPERATION} .responses-table").first.wait_for()
        page.locator(OPERATION).scroll_into_view_if_needed()
        page.evaluate("document.querySelector('#operations-tag-bookings').scrollIntoView()")
        page.screenshot(path=PICTURE)


if __name__ == "__main__":
    os.environ.update(ENVIRONMENT, **NOWHERE)
    take()
