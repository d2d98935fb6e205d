"""Secrets and ports that are kept in the run directory."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from embedded.errors import EmbeddedError
from embedded.keepsakes import keep_ports, keep_secrets
from embedded.ports import ephemeral_start, free_port


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        yield listener.getsockname()[1]


def test_secrets_are_random_kept_and_readable_by_their_owner_only(tmp_path: Path):
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    secrets = keep_secrets(one)
    assert keep_secrets(one) == secrets
    assert not set(asdict(secrets).values()) & set(asdict(keep_secrets(other)).values())
    assert one.stat().st_mode & 0o777 == 0o600


def test_secrets_have_the_shape_that_their_readers_ask_for(tmp_path: Path):
    secrets = keep_secrets(tmp_path / "secrets.json")
    assert len(secrets.secret_key) >= 32
    assert re.fullmatch(r"[0-9a-f]{24}:\S+", secrets.konnect_api_key)
    assert re.fullmatch(r"[0-9a-f]{24}", secrets.konnect_wallet_id)
    assert 12 <= len(secrets.admin_password) <= 128


def test_a_secret_that_a_newer_version_needs_is_added_and_the_others_stay(tmp_path: Path):
    path = tmp_path / "secrets.json"
    before = keep_secrets(path)
    kept = json.loads(path.read_text())
    del kept["flower_password"]
    path.write_text(json.dumps(kept))
    after = keep_secrets(path)
    assert after.secret_key == before.secret_key
    assert after.flower_password not in {before.flower_password, ""}


@pytest.mark.parametrize("content", ["{", "[]", '"secret"'])
def test_a_broken_file_is_named_with_the_way_out(tmp_path: Path, content: str):
    path = tmp_path / "secrets.json"
    path.write_text(content)
    with pytest.raises(EmbeddedError, match=r"secrets\.json .* remove it to have a new one made"):
        keep_secrets(path)


def test_ports_stay_as_long_as_they_are_free(tmp_path: Path, taken_port: int):
    path = tmp_path / "ports.json"
    ports = keep_ports(path, None)
    assert keep_ports(path, None) == ports
    path.write_text(json.dumps(asdict(ports) | {"api": taken_port}))
    assert keep_ports(path, None).api not in {taken_port, ports.api}
    assert max(asdict(ports).values()) < ephemeral_start()


def test_no_two_servers_of_a_world_get_the_same_port(tmp_path: Path):
    path = tmp_path / "ports.json"
    port = free_port()
    path.write_text(json.dumps({"api": port, "sandbox": port, "flower": port}))
    assert len(set(asdict(keep_ports(path, str(port))).values())) == 6


def test_a_wanted_port_is_taken_at_its_word(tmp_path: Path):
    port = free_port()
    assert keep_ports(tmp_path / "ports.json", str(port)).api == port


@pytest.mark.parametrize("text", ["http", "0", "-1", "65536", "8000.0"])
def test_a_wanted_port_that_is_none_is_named(tmp_path: Path, text: str):
    with pytest.raises(EmbeddedError, match=f"PORT must be a number between 1 and 65535, but it is '{text}'"):
        keep_ports(tmp_path / "ports.json", text)


def test_a_wanted_port_that_is_taken_is_refused(tmp_path: Path, taken_port: int):
    with pytest.raises(EmbeddedError, match=f"PORT is {taken_port}, but something listens there already"):
        keep_ports(tmp_path / "ports.json", str(taken_port))
