"""Keys and keyed hashes: one secret, one key for each purpose, and a rotation that locks nobody out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.infra import config, crypto
from tests.architecture.house import SETTINGS

OLD = "Vq3tN8x0bZr5mKc7yHs2pLd9wGf4uJe6"
NEW = "6eJu4fGw9dLp2sHy7cKm5rZb0x8Nt3qV"


@pytest.fixture
def keys(monkeypatch):
    """Return a function that gives this process its secrets."""
    for variable, value in SETTINGS.items():
        monkeypatch.setenv(variable, value)

    def use(current, previous=""):
        monkeypatch.setenv("SECRET_KEY", current)
        monkeypatch.setenv("SECRET_KEY_PREVIOUS", previous)
        config.settings.cache_clear()

    use(OLD)
    yield use
    monkeypatch.undo()
    config.settings.cache_clear()


def test_a_key_is_derived_as_rfc_5869_says(keys):
    expected = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"webhook").derive(OLD.encode())
    assert crypto.current_key("webhook") == expected


def test_each_purpose_has_a_key_of_its_own(keys):
    assert len({crypto.current_key(label) for label in ("webhook", "cursor", "access token", "")}) == 4


def test_a_mac_can_stand_in_a_path_and_is_an_hmac(keys):
    found = crypto.mac("webhook", "attempt-1")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", found)
    expected = hmac.new(crypto.current_key("webhook"), b"attempt-1", hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(found + "=") == expected


def test_a_mac_is_good_for_its_message_and_purpose_only(keys):
    found = crypto.mac("webhook", "attempt-1")
    assert crypto.mac_is_valid("webhook", "attempt-1", found)
    assert not crypto.mac_is_valid("webhook", "attempt-2", found)
    assert not crypto.mac_is_valid("cursor", "attempt-1", found)


@pytest.mark.parametrize("candidate", ["", "x", "a" * 43, "a" * 5_000, "é", "\udcff", "\0", "None"])
def test_any_text_may_be_tried_and_none_is_valid(keys, candidate):
    assert not crypto.mac_is_valid("webhook", "attempt-1", candidate)


def test_a_mac_with_one_bit_changed_or_with_padding_is_not_valid(keys):
    found = crypto.mac("webhook", "attempt-1")
    for forged in (found[:-1], found + "=", found.swapcase(), "A" + found[1:] if found[0] != "A" else "B" + found[1:]):
        assert not crypto.mac_is_valid("webhook", "attempt-1", forged)


def test_through_a_rotation_what_the_old_key_made_is_good(keys):
    made, stored = crypto.mac("webhook", "attempt-1"), crypto.keyed_hash("refresh", "token")
    keys(NEW, previous=OLD)
    assert crypto.mac_is_valid("webhook", "attempt-1", made)
    assert stored in crypto.accepted_hashes("refresh", "token")
    assert crypto.mac("webhook", "attempt-1") != made
    assert crypto.mac_is_valid("webhook", "attempt-1", crypto.mac("webhook", "attempt-1"))


def test_after_the_rotation_what_the_old_key_made_is_worth_nothing(keys):
    made, stored = crypto.mac("webhook", "attempt-1"), crypto.keyed_hash("refresh", "token")
    keys(NEW)
    assert not crypto.mac_is_valid("webhook", "attempt-1", made)
    assert stored not in crypto.accepted_hashes("refresh", "token")


def test_new_hashes_are_made_with_the_new_key(keys):
    keys(NEW, previous=OLD)
    assert crypto.keyed_hash("refresh", "token") == crypto.accepted_hashes("refresh", "token")[0]
    assert len(crypto.accepted_hashes("refresh", "token")) == 2


def test_what_is_encrypted_can_be_read_in_its_own_place_alone(keys):
    sealed = crypto.encrypt("token", "1//0secret", bound_to="row-1")
    assert b"secret" not in sealed
    assert crypto.decrypt("token", sealed, bound_to="row-1") == "1//0secret"
    for label, row in (("token", "row-2"), ("other token", "row-1")):
        with pytest.raises(crypto.Undecipherable):
            crypto.decrypt(label, sealed, bound_to=row)


def test_the_same_text_is_never_encrypted_alike(keys):
    assert len({crypto.encrypt("token", "x", bound_to="row") for _ in range(20)}) == 20


def test_what_was_changed_in_one_bit_is_refused(keys):
    sealed = crypto.encrypt("token", "secret", bound_to="row")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(crypto.Undecipherable):
            crypto.decrypt("token", bytes(changed), bound_to="row")
    for short in (b"", sealed[:4], sealed[:16], sealed[:-1]):
        with pytest.raises(crypto.Undecipherable):
            crypto.decrypt("token", short, bound_to="row")


def test_what_is_encrypted_survives_one_rotation_and_not_two(keys):
    sealed = crypto.encrypt("token", "secret", bound_to="row")
    keys(NEW, previous=OLD)
    assert crypto.decrypt("token", sealed, bound_to="row") == "secret"
    assert crypto.encrypt("token", "secret", bound_to="row")[:4] != sealed[:4]
    keys(NEW)
    with pytest.raises(crypto.Undecipherable):
        crypto.decrypt("token", sealed, bound_to="row")
