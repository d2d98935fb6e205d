"""Outgoing mail, over real sockets to a real SMTP server."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from celery.exceptions import SoftTimeLimitExceeded
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.gateways.mail import Attachment, Mail, message_id, send
from app.infra import config
from app.infra.db import session_scope
from app.infra.http import TransactionOpen
from app.kernel.clock import wall_now
from app.kernel.errors import Failure, PermanentFailure, TransientFailure
from embedded.cluster import Database
from embedded.ports import LOOPBACK, free_port
from tests.mailbox import Mailbox, open_mailbox, point_mail_at

ADDRESS = "amina@amana.test"
ICS = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """Return a server without conditions."""
    with open_mailbox() as opened:
        yield opened


def mail(**other: object) -> Mail:
    fields = {"to": ADDRESS, "subject": "Hello", "text": "Hi", "html": "<p>Hi</p>", "message_id": "<1@amana.example>"}
    return Mail(**(fields | other))  # type: ignore[arg-type]


# --- what arrives ----------------------------------------------------------------------------------------------------


def test_a_mail_arrives_in_plain_text_and_html(mailbox: Mailbox) -> None:
    text = "Bonjour Zoé, أمانة\n\n" + "https://amana.example/" + "x" * 200 + "\n.\nFrom a dot on its own line\n"
    send(mail(subject="Séance confirmée — أمانة", text=text, html="<p>Zoé</p>"))
    (message,) = mailbox.messages
    assert mailbox.recipients == [ADDRESS]
    assert message["To"] == ADDRESS
    assert message["From"] == "Amana <no-reply@amana.example>"
    assert message["Subject"] == "Séance confirmée — أمانة"
    assert message["Message-ID"] == "<1@amana.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert abs(message["Date"].datetime - wall_now()) < timedelta(hours=1)
    assert message.get_content_type() == "multipart/alternative"
    assert all(part["Content-Transfer-Encoding"] != "8bit" for part in message.walk())
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n") == text
    assert message.get_body(("html",)).get_content().strip() == "<p>Zoé</p>"


def test_an_attachment_keeps_its_bytes_its_name_and_the_parameters_of_its_type(mailbox: Mailbox) -> None:
    invitation = Attachment("séance.ics", "text/calendar", ICS, {"method": "REQUEST", "charset": "utf-8"})
    picture = Attachment("dot.png", "image/png", b"\x89PNG\x00\xff")
    send(mail(attachments=(invitation, picture)))
    (message,) = mailbox.messages
    assert message.get_content_type() == "multipart/mixed"
    calendar, image = message.iter_attachments()
    assert calendar.get_content_type() == "text/calendar"
    assert dict(calendar["Content-Type"].params) == {"method": "REQUEST", "charset": "utf-8"}
    assert (calendar.get_filename(), calendar.get_payload(decode=True)) == ("séance.ics", ICS)
    assert (image.get_filename(), image.get_content()) == ("dot.png", b"\x89PNG\x00\xff")
    assert message.get_body(("plain",)).get_content().strip() == "Hi"


def test_a_message_id_is_the_same_for_the_same_name(mailbox: Mailbox) -> None:
    for _ in range(2):
        send(mail(message_id=message_id("delivery-7")))
    assert [message["Message-ID"] for message in mailbox.messages] == ["<delivery-7@amana.example>"] * 2


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": "Hello\r\nBcc: everybody@amana.test"},
        {"subject": "Hello\nX: y"},
        {"to": "amina@amana.test\r\nBcc: everybody@amana.test"},
        {"to": "amina@amana.test, everybody@amana.test"},
        {"to": ""},
        {"to": "nobody"},
        {"message_id": "<1@x>\r\nX: y"},
        {"attachments": (Attachment("a\r\nX: y.ics", "text/calendar", ICS),)},
    ],
)
def test_nobody_slips_a_header_or_a_recipient_in(mailbox: Mailbox, wrong: dict[str, object]) -> None:
    with pytest.raises(PermanentFailure):
        send(mail(**wrong))
    assert mailbox.messages == []


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ("421 closing", TransientFailure),
        ("450 busy", TransientFailure),
        ("452 full", TransientFailure),
        ("550 unknown", PermanentFailure),
        ("554 spam", PermanentFailure),
    ],
)
def test_the_servers_answer_decides_whether_to_try_again(mailbox: Mailbox, answer: str, failure: type[Failure]) -> None:
    mailbox.refusal = f"{answer} <{ADDRESS}>"
    with pytest.raises(failure, match=answer[:3]) as raised:
        send(mail())
    assert ADDRESS not in f"{raised.value!r}"
    assert raised.value.__suppress_context__


def test_a_server_that_is_away_is_tried_again() -> None:
    point_mail_at(f"smtp://{LOOPBACK}:{free_port()}")
    with pytest.raises(TransientFailure, match="ConnectionRefusedError"):
        send(mail())


def test_a_server_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_TOTAL_SECONDS", "1")
    with socket.create_server((LOOPBACK, free_port())) as silent:
        point_mail_at(f"smtp://{LOOPBACK}:{silent.getsockname()[1]}")
        with pytest.raises(TransientFailure, match="SMTPServerDisconnected"):
            send(mail())


def test_a_server_that_answers_for_ever_is_left_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte ends the wait for one: a time limit of the socket alone would never strike."""
    monkeypatch.setenv("GATEWAY_TOTAL_SECONDS", "1")
    with dripping() as port:
        point_mail_at(f"smtp://{LOOPBACK}:{port}")
        with pytest.raises(TransientFailure, match="cannot be talked to"):
            send(mail())


@contextmanager
def dripping() -> Iterator[int]:
    """Run a server whose greeting never ends, a byte at a time, as long as anybody listens; give its port."""

    def drip() -> None:
        accepted, _ = server.accept()
        with accepted, suppress(OSError):
            while True:
                accepted.sendall(b"2")
                time.sleep(0.1)

    with socket.create_server((LOOPBACK, free_port())) as server:
        thread = threading.Thread(target=drip)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_what_was_taken_is_sent_whatever_strikes_during_the_farewell(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time limit of the task would have it sent again."""

    async def hesitate(*_: object) -> str:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
        await asyncio.sleep(0.2)
        return "221 bye"

    def strike(*_: object) -> NoReturn:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(mailbox, "handle_QUIT", hesitate, raising=False)
    before = signal.signal(signal.SIGALRM, strike)
    try:
        send(mail())
    finally:
        signal.signal(signal.SIGALRM, before)
    assert len(mailbox.messages) == 1


def test_no_mail_is_sent_inside_a_transaction(mailbox: Mailbox, database: Database) -> None:
    with session_scope(), pytest.raises(TransactionOpen):
        send(mail())
    assert mailbox.messages == []


# --- with TLS and a password -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with the key and the certificate of a mail server on loopback, which signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a mail server")])
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=7)
        .not_valid_before(wall_now() - timedelta(days=1))
        .not_valid_after(wall_now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """Return the server's side of TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def by_scheme(scheme: str, tls: ssl.SSLContext) -> dict[str, object]:
    return {"ssl_context": tls} if scheme == "smtps" else {"tls_context": tls, "require_starttls": True}


@pytest.mark.parametrize("scheme", ["smtps", "starttls"])
def test_a_mail_goes_through_tls(
    scheme: str, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with open_mailbox(scheme, **by_scheme(scheme, tls)) as mailbox:
        send(mail())
    assert len(mailbox.messages) == 1


@pytest.mark.parametrize("scheme", ["smtps", "starttls"])
def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(scheme: str, tls: ssl.SSLContext) -> None:
    refused = pytest.raises(TransientFailure, match="SSLCertVerificationError")
    with open_mailbox(scheme, **by_scheme(scheme, tls)) as mailbox, refused:
        send(mail())
    assert mailbox.messages == []


def test_starttls_is_never_skipped(mailbox: Mailbox) -> None:
    point_mail_at(config.settings().smtp_url.replace("smtp://", "starttls://"))
    with pytest.raises(PermanentFailure, match="lacks"):
        send(mail())
    assert mailbox.messages == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_the_credentials_of_the_url_are_shown() -> None:
    def check(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
        return AuthResult(success=data == LoginPassword(b"amana", b"s:cret"), handled=False)

    with open_mailbox(authenticator=check, auth_required=True, auth_require_tls=False) as mailbox:
        server = config.settings().smtp_url
        point_mail_at(server.replace("://", "://amana:wrong@"))
        with pytest.raises(PermanentFailure, match="535"):
            send(mail())
        point_mail_at(server.replace("://", "://amana:s%3Acret@"))
        send(mail())
    assert len(mailbox.messages) == 1
