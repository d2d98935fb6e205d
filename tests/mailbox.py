"""A real SMTP server for tests: it keeps what it is given, or refuses it as it is told."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from app.infra import config
from embedded.ports import LOOPBACK, free_port
from tests.patience import PATIENCE_SECONDS


class Mailbox:
    """What arrived, oldest first. While `refusal` is set ("550 no such user"), every recipient gets it instead."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refusal = ""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names it after the command
        self, server: Any, session: Any, envelope: Any, address: str, rcpt_options: list[str]
    ) -> str:
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - as above
        self.recipients += envelope.rcpt_tos
        self.messages.append(message_from_bytes(envelope.content, EmailMessage, policy=default))
        return "250 taken"

    def texts(self) -> list[str]:
        """Return the plain text of every message."""
        return [message.get_body(("plain",)).get_content() for message in self.messages]

    def tokens(self) -> list[str]:
        """Return the token of every link that was mailed."""
        return [found.group(1) for text in self.texts() if (found := re.search(r"[?&]token=([\w.~-]+)", text))]


@contextmanager
def open_mailbox(scheme: str = "smtp", **server: Any) -> Iterator[Mailbox]:
    """Run a server and point SMTP_URL at it; `server` are aiosmtpd's own settings."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname=LOOPBACK, port=free_port(), ready_timeout=PATIENCE_SECONDS, **server)
    controller.start()
    before = os.environ.get("SMTP_URL", "")
    point_mail_at(f"{scheme}://{LOOPBACK}:{controller.port}")
    try:
        yield mailbox
    finally:
        point_mail_at(before)
        controller.stop()


def point_mail_at(url: str) -> None:
    """Let this process send its mail there from now on."""
    os.environ["SMTP_URL"] = url
    config.settings.cache_clear()
