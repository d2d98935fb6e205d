"""The SMTP server in front of the mailbox (aiosmtpd), with the faults of a mail server."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.faults.orders import Fault, Occasion
from sandbox.mail.mailbox import read_mail

if TYPE_CHECKING:
    from sandbox.world import World

LARGEST_MAIL = 10 * 1024 * 1024
"""Bytes."""

START_TIMEOUT = 30.0
"""Seconds."""

OLDEST_CLOCK = 1.0
"""Seconds: a mail's time of arrival may come from an answer of the clock this old, so that mails do not besiege it."""

HELD_CHECK = 0.05
"""Seconds between two looks at whether a fault that holds a mail has ended."""


class MailServer(Controller):
    """Listens on a socket that is bound already, on a thread of its own, from `start` to `stop`."""

    def __init__(self, world: World, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        self._listener = listener
        super().__init__(
            Postman(world),
            hostname=host,
            port=port,
            ready_timeout=START_TIMEOUT,
            data_size_limit=LARGEST_MAIL,
            ident="sandbox",
        )

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)


class Postman:
    """Takes mails for everybody and puts them into the mailbox, unless a fault is on order."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds its hooks by these names
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept a recipient, or refuse for now (450) or for good (550)."""
        occasion = Occasion(to=address)
        if self._world.faults.take("smtp_450", occasion):
            return "450 4.2.0 mailbox unavailable, try again (fault on order)"
        if self._world.faults.take("smtp_550", occasion):
            return "550 5.1.1 no such mailbox (fault on order)"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - likewise
        """Deliver, then answer; a delayed answer comes after the mail is in the box, as after a slow disk."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        await asyncio.to_thread(self._deliver, content, list(envelope.rcpt_tos))
        for address in envelope.rcpt_tos:
            if fault := self._world.faults.take("smtp_delay", Occasion(to=address)):
                await _hold(fault)
        return "250 OK"

    def _deliver(self, content: bytes, recipients: list[str]) -> None:
        received_at = self._world.clock.now(max_age=OLDEST_CLOCK)
        self._world.mailbox.put(read_mail(content, recipients, received_at))


async def _hold(fault: Fault) -> None:
    """Wait out the fault without holding up the mails of others."""
    until = time.monotonic() + fault.seconds
    # An event of threads, looked at now and then: waiting for it on a thread would use up those that deliver.
    while not fault.over.is_set() and (left := until - time.monotonic()) > 0:  # noqa: ASYNC110 - see above
        await asyncio.sleep(min(HELD_CHECK, left))
