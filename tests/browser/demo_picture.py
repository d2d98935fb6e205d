"""Takes the picture of the demo as a terminal shows it: a part of `make picture`; it is kept in docs/."""

from __future__ import annotations

import html
import os
import pty
import re
import subprocess
import sys

from demo.screen import BOLD, DIM, GREEN, RED, YELLOW
from tests.architecture.sources import ROOT
from tests.browser.chromium import find_chromium, started

PICTURE = ROOT / "docs/demo.png"
#: The acts that are shown, from the fault that is ordered to the money that is released.
FIRST, AFTER_LAST = "5. ", "9. "
STYLES = {
    BOLD: "font-weight: bold",
    DIM: "opacity: 0.6",
    RED: "color: #ff7b72",
    GREEN: "color: #7ee787",
    YELLOW: "color: #e3b341",
}
PAGE = """<!doctype html><meta charset="utf-8"><body style="margin: 0; background: #0d1117">
<pre style="display: inline-block; margin: 0; padding: 24px; font: 14px/1.35 monospace; color: #e6edf3">{}</pre>"""


def play() -> str:
    """Return what `make demo` writes to a terminal, colours and all."""
    ours, terminal = pty.openpty()
    with subprocess.Popen(["make", "demo"], cwd=ROOT, stdout=terminal) as demo:
        os.close(terminal)
        written = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    if demo.returncode:
        sys.exit("The demo failed, so there is nothing to take a picture of.")
    return written.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other side was closed: on Linux a terminal ends so
        return b""


def cut(written: str) -> str:
    """Return the acts that are shown."""
    lines = written.splitlines()
    titles = [re.sub(r"\x1b\[\d+m", "", line) for line in lines]
    begin, end = (next(n for n, title in enumerate(titles) if title.startswith(act)) for act in (FIRST, AFTER_LAST))
    return "\n".join(lines[begin:end]).rstrip()


def as_html(written: str) -> str:
    """Return a page that shows what a terminal would."""
    escaped = html.escape(written)
    return PAGE.format(re.sub(r"\x1b\[(\d+)m(.*?)\x1b\[0m", _span, escaped))


def _span(found: re.Match[str]) -> str:
    return f'<span style="{STYLES[found[1]]}">{found[2]}</span>'


def take() -> None:
    """Play the demo, and take a picture of its middle."""
    executable = find_chromium()
    if executable is None:
        sys.exit("There is no chromium on this machine: apt-get install chromium")
    page_of = as_html(cut(play()))
    with started(executable) as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 400}, device_scale_factor=1.5)
        page.set_content(page_of)
        page.locator("pre").screenshot(path=PICTURE)


if __name__ == "__main__":
    take()
