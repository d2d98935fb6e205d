"""Outgoing mail over SMTP (RFC 5321): one message for one person, in plain text and HTML.

The Message-ID is the caller's and stays the same when a mail is sent again, so that a copy sent after a lost answer
can be told from a new mail.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import SplitResult, unquote, urlsplit

from app.infra.config import settings
from app.infra.db import session_is_open
from app.infra.http import Deadline, TransactionOpen
from app.kernel.clock import wall_now
from app.kernel.errors import PermanentFailure, TransientFailure

#: Scheme of SMTP_URL → the port where none is given: plain, TLS from the start (RFC 8314), STARTTLS (RFC 3207).
PORTS = {"smtp": 25, "smtps": 465, "starttls": 587}

#: Every server takes seven bits. (smtplib's own send_message would also write ">From" where a line begins with From.)
POLICY = SMTP.clone(cte_type="7bit")

#: What smtplib raises for whatever goes wrong on the way.
SMTP_ERRORS = (smtplib.SMTPException, OSError)


@dataclass(frozen=True)
class Attachment:
    """A file in a mail. `parameters` go to its content type: {"method": "REQUEST"} makes an .ics an invitation."""

    filename: str
    content_type: str
    content: bytes
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One message. `message_id` is `<something@host>`, chosen by the caller and stable over repetitions."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    attachments: tuple[Attachment, ...] = ()


def message_id(name: object) -> str:
    """Return the Message-ID (RFC 5322 §3.6.4) of this name at our sender's domain."""
    return f"<{name}@{_sender_domain()}>"


def send(mail: Mail) -> None:
    """Give a mail to the server of SMTP_URL.

    Raises TransientFailure when the server asks to come again (4xx) or cannot be talked to, PermanentFailure when it
    refuses for good (5xx) or the mail is malformed, TransactionOpen when a database session is open in this thread.
    No error quotes the address: errors are kept with the delivery and shown to operators.
    """
    if session_is_open():
        raise TransactionOpen("a mail inside a transaction")
    message = compose(mail).as_bytes()
    try:
        with _connected(urlsplit(settings().smtp_url)) as server:
            server.sendmail(_sender(), [mail.to], message)
    except SMTP_ERRORS as error:
        raise _failure(error) from None  # the cause quotes the address


def compose(mail: Mail) -> EmailMessage:
    """Return the message as it goes over the wire; raise PermanentFailure for a header that would begin another."""
    for name, value in (("recipient", mail.to), ("subject", mail.subject), ("Message-ID", mail.message_id)):
        _refuse_control_characters(name, value)
    message = EmailMessage(policy=POLICY)
    message["From"] = settings().mail_from
    message["To"] = _recipient(mail.to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(wall_now())
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office notice comes back
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    for attachment in mail.attachments:
        _attach(message, attachment)
    return message


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    _refuse_control_characters("attachment's name", attachment.filename)
    kind, _, subtype = attachment.content_type.partition("/")
    message.add_attachment(
        attachment.content,
        maintype=kind,
        subtype=subtype,
        filename=attachment.filename,
        params=dict(attachment.parameters),
    )


def _recipient(address: str) -> Address:
    try:
        return Address(addr_spec=address)
    except (ValueError, IndexError):
        raise PermanentFailure("the recipient of a mail is no address") from None


def _refuse_control_characters(name: str, value: str) -> None:
    """Refuse what would inject a header: a line end in a value begins a new one."""
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise PermanentFailure(f"the {name} of a mail holds a control character")


@contextmanager
def _connected(url: SplitResult) -> Iterator[smtplib.SMTP]:
    seconds = settings().gateway_total_seconds
    with closing(_connect(url)) as sock, Deadline(sock, seconds):
        sock.settimeout(seconds)
        server = _greet(url, sock)
        try:
            if url.scheme == "starttls":
                server.starttls(context=ssl.create_default_context())
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            yield server
            with suppress(Exception):  # the mail was accepted: whatever strikes now, it must not be sent again
                server.quit()
        finally:
            server.close()


def _connect(url: SplitResult) -> socket.socket:
    address = url.hostname or "localhost", url.port or PORTS[url.scheme]
    return socket.create_connection(address, timeout=settings().gateway_connect_seconds)


def _greet(url: SplitResult, sock: socket.socket) -> smtplib.SMTP:
    """Read the server's greeting, by TLS where the scheme says so. The deadline runs: a peer may drip that, too."""
    tls = ssl.create_default_context() if url.scheme == "smtps" else None
    # The name is given: the default asks the name servers.
    return _Over(sock, tls, url.hostname or "localhost", local_hostname=_sender_domain())


class _Over(smtplib.SMTP):
    """SMTP over a socket that is there already, or rather a duplicate of it.

    The deadline keeps the socket itself, which TLS would take away from it.
    """

    def __init__(self, sock: socket.socket, tls: ssl.SSLContext | None, host: str, *, local_hostname: str) -> None:
        self._given, self._tls = sock, tls
        super().__init__(host, local_hostname=local_hostname)

    def _get_socket(self, host: str, *_: object) -> socket.socket:
        own = self._given.dup()
        return self._tls.wrap_socket(own, server_hostname=host) if self._tls else own


def _failure(error: smtplib.SMTPException | OSError) -> TransientFailure | PermanentFailure:
    code = _reply_code(error)
    if code >= 500:
        return PermanentFailure(f"the mail server refused for good: {code}")
    if code >= 400:
        return TransientFailure(f"the mail server asks to come again: {code}")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return PermanentFailure("the mail server lacks what this mail or SMTP_URL asks for")
    return TransientFailure(f"the mail server cannot be talked to: {type(error).__name__}")


def _reply_code(error: smtplib.SMTPException | OSError) -> int:
    """Return the server's reply code (RFC 5321 §4.2), 0 where it gave none."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max(code for code, _ in error.recipients.values())
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0


def _sender() -> str:
    return parseaddr(settings().mail_from)[1]


def _sender_domain() -> str:
    return _sender().rpartition("@")[2] or "localhost"
