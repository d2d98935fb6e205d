""".ci/run installs what some tests are skipped without, where it may, and lets no service start by that."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.architecture.sources import ROOT

#: What the script calls, each noting that it was called; the last one says whether a service might be started now.
STUBS = {
    "make": 'echo "make $*" >> calls',
    "id": 'echo "$USER_ID"',
    "apt-get": 'echo "apt-get $1 ${4-}, services: $(./policy-rc.d; echo $?)" >> calls; [ "${4-}" != "$BROKEN" ]',
}


@pytest.fixture
def run(tmp_path):
    """Return a function that runs the script on a machine that has nothing, and returns what it called."""
    script = tmp_path / ".ci/run"
    script.parent.mkdir()
    text = (ROOT / ".ci/run").read_text()
    assert "/usr/sbin/policy-rc.d" in text
    script.write_text(text.replace("/usr/sbin/policy-rc.d", "./policy-rc.d").replace("/usr/lib/rabbitmq", "./nowhere"))
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "dirname", "chmod", "rm", "sh"):
        (programs / name).symlink_to(f"/bin/{name}")
    for name, does in STUBS.items():
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)

    def run_it(*, user_id="0", broken=""):
        environment = {"PATH": str(programs), "USER_ID": user_id, "BROKEN": broken}
        subprocess.run(["bash", script], env=environment, capture_output=True, check=True)
        return (tmp_path / "calls").read_text().splitlines()

    yield run_it
    assert not os.path.lexists(tmp_path / "policy-rc.d")


def test_the_browser_and_the_broker_are_installed_and_no_service_may_start_meanwhile(run):
    assert run()[1:] == [
        "apt-get install chromium, services: 101",
        "apt-get install rabbitmq-server, services: 101",
        "make check",
    ]


def test_what_cannot_be_installed_keeps_nothing_from_being_checked(run):
    assert run(broken="chromium")[-2:] == ["apt-get install rabbitmq-server, services: 101", "make check"]


def test_who_may_not_install_checks_with_what_there_is(run):
    assert run(user_id="1000") == ["make check"]
