"""Nothing that is committed tells of the machine it was written on, or of work that was not done."""

from __future__ import annotations

import re

import pytest

from tests.architecture.sources import ROOT, tracked_files

# Put together from parts, so that this file does not hold what it looks for.
_HERE = "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me/[a-z]"))
_LATER = "|".join(("TO" + "DO", "FIX" + "ME"))
_REGISTRY = "|".join((r"\bpy" + r"pi\.", "python" + "hosted", "--(?:extra-)?index" + "-url"))

REFUSED = {
    "a path of the machine it was written on": rf"(?<![\w.-])/(?:{_HERE})\b",
    "work that was not done": rf"\b(?:{_LATER})\b",
    "a host of a package registry": rf"(?:{_REGISTRY})",
    "two sides of a merge": "^(?:<{7}|>{7}) ",
}
TEXT = {".py", ".toml", ".in", ".txt", ".md", ".ini", ".mako", ".yml", ".yaml", ".cfg", ".json", ".html", ".sh", ""}


@pytest.mark.parametrize(("what", "pattern"), REFUSED.items(), ids=REFUSED.keys())
def test_no_file_holds(what, pattern):
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path in tracked_files()
        if path.suffix in TEXT
        for number, line in enumerate((ROOT / path).read_text(errors="replace").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("two sides of a merge", "<<<<" + "<<< HEAD"),
        ("a path of the machine it was written on", "cd /wo" + "rk/main"),
        ("a path of the machine it was written on", "cp x /ro" + "ot/y"),
        ("work that was not done", "# TO" + "DO: later"),
        ("a host of a package registry", "https://py" + "pi.org/simple"),
        ("a host of a package registry", "--index" + "-url https://mirror.example"),
    ],
)
def test_the_search_finds(what, line):
    assert re.search(REFUSED[what], line)


@pytest.mark.parametrize("line", ["tasks/worker.py", "/workers", "the network", "POST /rooted"])
def test_the_search_passes_over(line):
    assert not any(re.search(pattern, line) for pattern in REFUSED.values())
