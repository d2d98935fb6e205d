"""How news reach people: first their inbox, then a mail each. Whatever is tried again is written and sent once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.gateways import mail
from app.infra.db import session_scope
from app.kernel.errors import Failure, PermanentFailure
from app.notifications import service as notifications
from app.notifications.service import News, Unsent
from tasks.delivery import Errand


def tell(errand: Errand, write: Callable[[Session, Any], Sequence[News]]) -> None:
    """Tell what `write` makes of the errand's event; raise the failure of a mail when all others have been tried.

    One that may be tried again goes before one that may not: the next try sends what is missing, and nothing else.
    """
    with session_scope() as session:
        unsent = notifications.tell(session, errand.claimed.event_id, write(session, errand.event))
    failures = [failure for one in unsent if (failure := _failure_of(one)) is not None]
    if failures:
        raise min(failures, key=lambda failure: isinstance(failure, PermanentFailure))


def _failure_of(unsent: Unsent) -> Failure | None:
    """Send one mail and note that it was taken. Nobody's bad address keeps another from the news."""
    try:
        mail.send(unsent.mail)
    except Failure as failure:
        return failure
    with session_scope() as session:
        notifications.record_mailed(session, unsent.notification_id)
    return None
