"""Counts hold for all processes of the API: whichever is asked, and whichever has ended meanwhile."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from embedded.ports import LOOPBACK, free_port
from embedded.process import Process, Program
from tests.architecture.sources import ROOT
from tests.ops.scrape import parse
from tests.patience import PATIENCE_SECONDS, eventually

GUNICORN = ("-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app")
BAD_MAC = ("amana_webhooks_total", "konnect", "bad_mac")


@pytest.fixture
def api(database, tmp_path):
    """Serve the API by two processes, and return its process and its address."""
    port = free_port()
    variables = dict(os.environ) | {"PORT": str(port), "WEB_WORKERS": "2"}
    program = Program("api", (sys.executable, *GUNICORN), ROOT, tmp_path / "api.log", variables)
    process = Process(program)
    process.start()
    address = f"http://{LOOPBACK}:{port}"
    try:
        eventually(lambda: ready(address))
        yield process, address
    finally:
        process.stop(grace=PATIENCE_SECONDS)


def ready(address):
    try:
        return httpx.get(f"{address}/health/ready", trust_env=False, timeout=PATIENCE_SECONDS).status_code == 200
    except httpx.TransportError:
        return False


def forge(address):
    """Ping with a forged MAC, on a connection of its own: any process may get it."""
    path = f"/api/v1/webhooks/konnect/{uuid4()}/forged"
    return httpx.get(address + path, trust_env=False, timeout=PATIENCE_SECONDS).status_code


def forge_many(address, times):
    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(lambda _: forge(address), range(times))) == {404}


def forged(address):
    page = httpx.get(f"{address}/metrics", trust_env=False, timeout=PATIENCE_SECONDS)
    assert page.status_code == 200
    return parse(page.text).get(BAD_MAC, 0)


def test_what_any_process_counted_is_told_by_every_one_and_outlives_them(api):
    process, address = api
    forge_many(address, 60)
    eventually(lambda: [forged(address) for _ in range(8)] == [60] * 8)
    forge_many(address, 20)
    process.stop(grace=PATIENCE_SECONDS)  # at once: what was counted last is written on the way out
    process.start()
    eventually(lambda: ready(address))
    assert forged(address) == 80
