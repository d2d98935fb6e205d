"""What an address and a name must be."""

from __future__ import annotations

import pytest

from app.identity.rules import address_key, read_address, read_name
from app.kernel.errors import InvalidInput


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("amina@example.com", "amina@example.com"),
        ("  Amina.B+book@Mail.Example.COM ", "Amina.B+book@mail.example.com"),
        ("o'brien@xn--bcher-kva.example", "o'brien@xn--bcher-kva.example"),
        ("a@b.tn", "a@b.tn"),
    ],
)
def test_an_address_is_stripped_and_its_domain_lowered(written: str, read: str) -> None:
    assert read_address(written) == read


def test_an_address_has_at_most_254_characters() -> None:
    longest = f"{'a' * 64}@{'d' * 63}.{'e' * 63}.{'f' * 61}"
    assert len(longest) == 254
    assert read_address(longest) == longest
    with pytest.raises(InvalidInput):
        read_address(f"{longest}f")


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "amina", "@", "amina@", "@example.com", "a@b", "a@@example.com", "a@b@example.com", "a b@example.com",
        "a@exa mple.com", "a@example..com", "a@.example.com", "a@-example.com", "a@example.com.", "a@example.com\n.tn",
        "a\r\nBcc: x@example.com", "a\x00@example.com", "<a@example.com>", "A <a@example.com>", "a,b@example.com",
        '"a"@example.com', "a@[127.0.0.1]", "amína@example.com", "a@bücher.example", "a" * 65 + "@example.com",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_address(written)
    assert refused.value.pointer == "/email"


def test_two_addresses_that_differ_in_case_are_one_persons() -> None:
    assert address_key(" AMINA@Example.com ") == address_key("amina@example.COM")


@pytest.mark.parametrize("name", ["X", "أمينة بن صالح", "李小龍", "O'Brien-Sørensen, Jr.", "x" * 200, "می‌خواهم"])
def test_names_are_taken_from_everywhere(name: str) -> None:
    assert read_name(f" {name} ") == name


def test_a_name_is_the_same_from_every_keyboard() -> None:
    assert read_name("Zoe\u0301") == read_name("Zoé")


@pytest.mark.parametrize(
    "name",
    ["", "   ", "\u200b", "...", "x" * 201, "a\nb", "a\tb", "a\x1bb", "a\x7fb", "a\u2028b", "a\u202eb", "a\u2066b"],
)
def test_a_name_that_shows_nothing_or_controls_something_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_name(name)
    assert refused.value.pointer == "/name"
