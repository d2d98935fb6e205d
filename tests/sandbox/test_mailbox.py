"""The mailbox: mails come in by SMTP and are read over HTTP."""

from __future__ import annotations

import base64
import email.policy
import smtplib
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from sandbox.mail.mailbox import Mail, Mailbox, read_mail
from sandbox.mail.smtp import LARGEST_MAIL
from sandbox.store import Store
from tests.patience import PATIENCE_SECONDS, eventually
from tests.sandbox.peers import Gateway

ICS = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"


def send(gateway: Gateway, message: EmailMessage | bytes, *recipients: str) -> None:
    with smtplib.SMTP("127.0.0.1", gateway.sandbox.smtp_port, timeout=PATIENCE_SECONDS) as smtp:
        content = message if isinstance(message, bytes) else message.as_bytes(policy=email.policy.SMTP)
        smtp.sendmail("no-reply@example.com", list(recipients), content)


def received(gateway: Gateway, to: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = gateway.get("/mailbox", to=to).json()["items"]
    return items


def written(subject: str = "Hello", text: str = "Hello.\n") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Amana <no-reply@example.com>", "x@example.com", subject
    message["Message-ID"] = f"<{uuid.uuid4()}@example.com>"
    message.set_content(text)
    return message


def test_a_mail_with_text_html_and_an_invitation_is_read_whole(gateway: Gateway, address: str) -> None:
    message = written("Your session is booked ✓", "See you at 10:00 — أهلا.\nhttps://example.com/?token=abc\n")
    message.add_alternative("<p>See you</p>", subtype="html")
    message.add_attachment(ICS, maintype="text", subtype="calendar", filename="session.ics")
    send(gateway, message, address)

    (mail,) = received(gateway, address)
    assert mail.pop("id")
    assert abs(datetime.fromisoformat(mail.pop("received_at")) - datetime.now(tz=UTC)) < timedelta(hours=1)
    assert mail == {
        "to": address,
        "from": "Amana <no-reply@example.com>",
        "subject": "Your session is booked ✓",
        "message_id": message["Message-ID"],
        "text": "See you at 10:00 — أهلا.\nhttps://example.com/?token=abc\n",
        "html": "<p>See you</p>\n",
        "attachments": [
            {
                "filename": "session.ics",
                "content_type": "text/calendar",
                "content_base64": base64.b64encode(ICS).decode(),
            }
        ],
    }


def test_a_plain_mail_has_no_html_and_no_attachment(gateway: Gateway, address: str) -> None:
    send(gateway, written(), address)

    (mail,) = received(gateway, address)
    assert (mail["text"], mail["html"], mail["attachments"]) == ("Hello.\n", None, [])


def test_an_invitation_beside_the_text_counts_as_an_attachment(gateway: Gateway, address: str) -> None:
    message = written()
    message.add_alternative(ICS.decode(), subtype="calendar", params={"method": "REQUEST"})
    send(gateway, message, address)

    (mail,) = received(gateway, address)
    assert [file["content_type"] for file in mail["attachments"]] == ["text/calendar"]
    assert base64.b64decode(mail["attachments"][0]["content_base64"]).startswith(b"BEGIN:VCALENDAR")


def test_the_first_text_is_the_body_and_every_further_one_an_attachment(gateway: Gateway, address: str) -> None:
    message = written(text="The body.\n")
    message.add_attachment("Notes.\n", filename="notes.txt")
    message.add_attachment("Nameless.\n")
    message.add_attachment("Beside.\n", disposition="inline")
    send(gateway, message, address)

    (mail,) = received(gateway, address)
    assert mail["text"] == "The body.\n"
    assert [file["filename"] for file in mail["attachments"]] == ["notes.txt", "part-2", "part-3"]


def test_a_file_before_the_text_is_not_taken_for_it(gateway: Gateway, address: str) -> None:
    content = (
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nnotes\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\nbody\r\n--x--\r\n"
    )
    send(gateway, content, address)

    (mail,) = received(gateway, address)
    assert (mail["text"], len(mail["attachments"])) == ("body", 1)


def test_mails_are_listed_newest_first_and_by_recipient(gateway: Gateway, address: str) -> None:
    for subject in ("first", "second"):
        send(gateway, written(subject), address)
    send(gateway, written("somebody else's"), f"other-{address}")

    assert [mail["subject"] for mail in received(gateway, address.upper())] == ["second", "first"]
    everybody = gateway.get("/mailbox").json()["items"]
    assert [mail["subject"] for mail in everybody[:3]] == ["somebody else's", "second", "first"]
    assert len(gateway.get("/mailbox", limit="2").json()["items"]) == 2
    assert received(gateway, f"nobody-{address}") == []


def test_each_recipient_of_the_envelope_gets_a_copy(gateway: Gateway, address: str) -> None:
    send(gateway, written(), f"a-{address}", f"b-{address}")

    for who in (f"a-{address}", f"b-{address}"):
        assert [mail["to"] for mail in received(gateway, who)] == [who]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no header at all",
        b"Subject: =?utf-8?b?/////w==?=\r\n\r\nx",
        b"Subject: caf\xe9\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe",
        b"Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\ud800",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: application/pdf\r\n\r\n",
        b"Content-Type: multipart/mixed\r\n\r\n--\r\n",
        b"From: <<<\r\nTo: @@\r\nMessage-ID: [\r\nDate: never\r\n\r\nx",
    ],
    ids=[
        "empty",
        "headless",
        "bad encoded word",
        "no such charset",
        "lone surrogate",
        "unfinished",
        "no boundary",
        "bad addresses",
    ],
)
def test_a_broken_mail_is_read_as_far_as_it_goes(gateway: Gateway, address: str, content: bytes) -> None:
    send(gateway, content, address)

    assert [mail["to"] for mail in received(gateway, address)] == [address]
    assert address in gateway.get("/").text, "the control page can show it"


@pytest.mark.parametrize(("fault", "code"), [("smtp_450", 450), ("smtp_550", 550)])
def test_a_recipient_is_refused(gateway: Gateway, address: str, fault: str, code: int) -> None:
    gateway.order(fault, to=address)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(gateway, written(), address)

    assert refused.value.recipients[address][0] == code
    assert received(gateway, address) == []
    send(gateway, written(), address)
    assert len(received(gateway, address)) == 1, "the second try gets through"


def test_a_refusal_of_one_recipient_leaves_the_others(gateway: Gateway, address: str) -> None:
    gateway.order("smtp_550", to=f"a-{address}", count=None)
    send(gateway, written(), f"a-{address}", f"b-{address}")

    assert (len(received(gateway, f"a-{address}")), len(received(gateway, f"b-{address}"))) == (0, 1)


def test_a_slow_answer_holds_up_nobody_else(gateway: Gateway, address: str) -> None:
    gateway.order("smtp_delay", to=address, seconds=3600)
    with ThreadPoolExecutor(1) as sender:
        slow = sender.submit(send, gateway, written(), address)
        eventually(lambda: received(gateway, address))
        send(gateway, written(), f"other-{address}")

        assert not slow.done(), "the mail is in the box, the answer is not out yet"
        gateway.http.delete(f"{gateway.sandbox.url}/faults")
        slow.result()


def test_a_slow_answer_comes_after_its_time(gateway: Gateway, address: str) -> None:
    gateway.order("smtp_delay", to=address, seconds=0.5)
    started = time.monotonic()
    send(gateway, written(), address)
    assert time.monotonic() - started >= 0.5


def test_a_mail_above_the_limit_is_refused(gateway: Gateway, address: str) -> None:
    with pytest.raises(smtplib.SMTPException):
        send(gateway, b"Subject: big\r\n\r\n" + b"x\r\n" * (LARGEST_MAIL // 3 + 1), address)

    assert received(gateway, address) == []


@pytest.mark.parametrize("bounds", [{"most": 3}, {"most_bytes": 40}])
def test_the_oldest_mails_are_thrown_away_when_the_box_is_full(bounds: dict[str, int]) -> None:
    box = Mailbox(threading.RLock(), Store().shelf("mails", Mail), **bounds)
    for number in range(10):
        box.put(read_mail(b"Subject: %d\r\n" % number, ["a@example.com"], datetime.now(tz=UTC)))

    assert [mail.subject for mail in box.newest()] == ["9", "8", "7"]
