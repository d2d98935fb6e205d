"""How a letter looks: the same in text and HTML, and nothing can be clicked but what we vouch for."""

from __future__ import annotations

import pytest

from app.gateways.letters import Block, Link, write
from app.gateways.mail import Mail

pytestmark = pytest.mark.usefixtures("services")  # the Message-ID has the domain of MAIL_FROM


def letter(*blocks: Block) -> Mail:
    return write("zoe@amana.test", "Zoé", "News & more", blocks, name="7")


def test_a_letter_greets_says_it_in_paragraphs_and_is_signed() -> None:
    written = letter("It is confirmed.", "See you.")
    assert written.text == "Hello Zoé,\n\nIt is confirmed.\n\nSee you.\n\nAmana\n"
    for line in ("Hello Zoé,", "It is confirmed.", "See you.", "Amana"):
        assert f"<p>{line}</p>" in written.html
    assert "<title>News &amp; more</title>" in written.html
    assert written.message_id == "<7@amana.example>"


def test_facts_stand_one_below_the_other() -> None:
    written = letter({"With": "Mounir", "Price": "45.000 TND"})
    assert "\n\nWith: Mounir\nPrice: 45.000 TND\n\n" in written.text
    assert written.html.count("<tr ") == 2
    assert ">Price</th>" in written.html


def test_links_can_be_clicked_in_html_and_copied_from_text() -> None:
    written = letter(Link("https://amana.example/a?b=1&c=2", "Look"), {"Where": Link("https://meet.example/x")})
    assert "Look:\nhttps://amana.example/a?b=1&c=2" in written.text
    assert "Where: https://meet.example/x" in written.text
    assert '<a href="https://amana.example/a?b=1&amp;c=2">Look</a>' in written.html
    assert '<a href="https://meet.example/x">https://meet.example/x</a>' in written.html


def test_what_people_write_is_neither_markup_nor_a_link() -> None:
    written = letter("https://evil.example/", {"Reason": "<b>https://evil.example/</b>\nyours"})
    assert "<a " not in written.html
    assert "<b>" not in written.html
    assert "&lt;b&gt;https://evil.example/&lt;/b&gt;<br>\nyours" in written.html
