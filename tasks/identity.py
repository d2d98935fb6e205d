"""What identity does about events: the mails of registration."""

from __future__ import annotations

from app.gateways import mail
from app.identity import handlers
from app.infra.db import session_scope
from tasks.delivery import Errand, with_outside_calls


@with_outside_calls
def send_verification(errand: Errand) -> None:
    """Mail the link that proves an address, or the news that it has an account already."""
    with session_scope() as session:
        letter = handlers.write_letter(session, errand.event, errand.claimed.id)
    if letter is not None:
        mail.send(letter)
