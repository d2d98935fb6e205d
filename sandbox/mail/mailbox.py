"""The mails that came in, read as a mail program would read them."""

from __future__ import annotations

import base64
import email
import email.policy
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage, Message
from itertools import islice
from typing import Any

from sandbox.clock import rfc3339
from sandbox.store import Shelf

MOST_MAILS = 10_000
MOST_BYTES = 256 * 1024 * 1024
"""Bytes of all mails together, as they came in."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail."""

    filename: str
    content_type: str
    content: bytes

    @property
    def base64(self) -> str:
        """The content as base64 text."""
        return base64.b64encode(self.content).decode()


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail in the box of one recipient; `size` is the bytes it came in as."""

    id: str
    to: str
    sender: str
    subject: str
    message_id: str
    text: str
    html: str | None
    attachments: tuple[Attachment, ...]
    received_at: datetime
    size: int

    def as_json(self) -> dict[str, Any]:
        """Show the mail as `GET /mailbox` does."""
        return {
            "id": self.id,
            "to": self.to,
            "from": self.sender,
            "subject": self.subject,
            "message_id": self.message_id,
            "text": self.text,
            "html": self.html,
            "attachments": [
                {"filename": file.filename, "content_type": file.content_type, "content_base64": file.base64}
                for file in self.attachments
            ],
            "received_at": rfc3339(self.received_at),
        }


class Mailbox:
    """All mails, newest last; the oldest are thrown away when there are too many or they are too big together."""

    def __init__(
        self, lock: threading.RLock, shelf: Shelf[Mail], most: int = MOST_MAILS, most_bytes: int = MOST_BYTES
    ) -> None:
        self._lock = lock
        self._most = most
        self._most_bytes = most_bytes
        self._mails = shelf
        self._bytes = sum(mail.size for mail in shelf.values())

    def put(self, mails: list[Mail]) -> None:
        """Deliver one mail for each recipient."""
        with self._lock:
            for mail in mails:
                self._mails[mail.id] = mail
                self._bytes += mail.size
            while len(self._mails) > self._most or self._bytes > self._most_bytes:
                self._bytes -= self._mails.drop_oldest().size

    def newest(self, to: str | None = None, limit: int | None = None) -> list[Mail]:
        """List mails, newest first, of one recipient if one is named; case does not matter in addresses."""
        with self._lock:
            return list(islice(self._matching(to), limit))

    def _matching(self, to: str | None) -> Iterator[Mail]:
        wanted = None if to is None else to.lower()
        for mail_id in reversed(self._mails):
            mail = self._mails[mail_id]
            if wanted is None or mail.to.lower() == wanted:
                yield mail


def read_mail(content: bytes, recipients: list[str], received_at: datetime) -> list[Mail]:
    """Read one SMTP transaction into mails, one per envelope recipient; what is broken is read as far as it goes.

    The first plain part and the first HTML part are the body; every other part is an attachment, an invitation
    (`text/calendar`) beside them too.
    """
    message = email.message_from_bytes(content, policy=email.policy.default)
    text, html, attachments = _parts(message)
    headers = {name: _clean(str(message.get(name, ""))) for name in ("from", "subject", "message-id")}
    return [
        Mail(
            id=secrets.token_hex(8),
            to=_clean(recipient),
            sender=headers["from"],
            subject=headers["subject"],
            message_id=headers["message-id"],
            text=text or "",
            html=html,
            attachments=tuple(attachments),
            received_at=received_at,
            size=len(content),
        )
        for recipient in recipients
    ]


def _parts(message: EmailMessage) -> tuple[str | None, str | None, list[Attachment]]:
    text, html = None, None
    attachments: list[Attachment] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        is_file = part.get_content_disposition() == "attachment" or part.get_filename() is not None
        if kind == "text/plain" and text is None and not is_file:
            text = _decoded(part)
        elif kind == "text/html" and html is None and not is_file:
            html = _decoded(part)
        else:
            name = part.get_filename() or f"part-{len(attachments) + 1}"
            attachments.append(Attachment(_clean(name), kind, _bytes(part)))
    return text, html, attachments


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _decoded(part: Message) -> str:
    try:
        text = _bytes(part).decode(part.get_content_charset("utf-8"), errors="replace")
    except LookupError:
        text = _bytes(part).decode("utf-8", errors="replace")
    return _clean(text.replace("\r\n", "\n"))


def _clean(text: str) -> str:
    """Drop what no page can show: bytes that are no text come out of a header as lone surrogates."""
    return text.encode("utf-8", errors="replace").decode()
