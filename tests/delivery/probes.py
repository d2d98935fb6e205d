"""Tasks that do as they are told, to see what becomes of them. A worker takes them by `--include`.

What a probe shall do stands in the table `behaviour`, and what it did in the table `effect` (see conftest.py).
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.choreography import REACTIONS
from app.infra import outbox
from app.infra.db import session_scope
from app.infra.outbox import Reaction
from app.kernel.errors import PermanentFailure, TransientFailure, UnknownOutcome
from app.kernel.events import Event
from tasks.delivery import Errand, in_one_transaction, with_outside_calls
from tests.patience import PATIENCE_SECONDS


@dataclass(frozen=True, kw_only=True)
class Noted(Event):
    thing_id: UUID


@dataclass(frozen=True, kw_only=True)
class Called(Event):
    thing_id: UUID


@dataclass(frozen=True, kw_only=True)
class Moved(Event):
    thing_id: UUID


@dataclass(frozen=True, kw_only=True)
class Shouted(Event):
    thing_id: UUID


@dataclass(frozen=True, kw_only=True)
class Looked(Event):
    thing_id: UUID


@dataclass(frozen=True, kw_only=True)
class Whispered(Event):
    thing_id: UUID


NOTE = Reaction("tests.delivery.probes.note", queue="maintenance", tries=3, cap_seconds=4)
CALL = Reaction("tests.delivery.probes.call", queue="calendar", tries=3, cap_seconds=4)
MOVE = Reaction("tests.delivery.probes.move", queue="maintenance", tries=3, ordered_by="thing_id", order="moves")

LOOK = Reaction("tests.delivery.probes.look", queue="calendar", tries=3)

PROBES = {Noted: (NOTE,), Called: (CALL,), Moved: (MOVE,), Shouted: (NOTE, CALL), Looked: (LOOK,), Whispered: ()}

_FAILURES = {
    "fail": (TransientFailure, "not now", {}),
    "wait": (TransientFailure, "ask later", {"retry_after": 90}),
    "never": (PermanentFailure, "never", {}),
    "unknown": (UnknownOutcome, "who knows", {}),
    "mistake": (ZeroDivisionError, "a mistake of ours", {}),
}


def install() -> None:
    """Add the probes to the choreography of this process."""
    outbox.install({**REACTIONS, **PROBES})


@in_one_transaction
def note(session: Session, event: Any) -> None:
    """Leave an effect, and then behave."""
    leave(session, event, "noted")
    behave(session, event)


@in_one_transaction
def move(session: Session, event: Any) -> None:
    """Leave an effect in its turn, and then behave."""
    leave(session, event, "moved")
    behave(session, event)


@with_outside_calls
def call(errand: Errand) -> None:
    """Behave as the other side would, with no session open, and then leave an effect."""
    with session_scope() as session:
        how = behaviour(session, errand.event)
    perform(how)
    if how == "sleep" and errand.claimed.attempt == 1:
        time.sleep(PATIENCE_SECONDS)
    while how == "hang" and errand.claimed.attempt == 1 and still(how, errand.event):
        time.sleep(0.02)
    with errand.outcome() as session:
        leave(session, errand.event, "called")
    if how == "stumble":
        raise ZeroDivisionError("after the outcome")


@with_outside_calls
def look(errand: Errand) -> None:
    """See that there is nothing to do."""
    with session_scope() as session:
        behave(session, errand.event)


def leave(session: Session, event: Any, what: str) -> None:
    """Write down what was done, by which process."""
    values = {"thing": event.thing_id, "what": what, "pid": os.getpid()}
    session.execute(text("INSERT INTO effect (thing_id, what, pid) VALUES (:thing, :what, :pid)"), values)


def behave(session: Session, event: Any) -> None:
    """Do as the table says about this thing."""
    perform(behaviour(session, event))


def behaviour(session: Session, event: Any) -> str | None:
    """Read what the probe shall do about this thing."""
    return session.scalar(text("SELECT how FROM behaviour WHERE thing_id = :thing"), {"thing": event.thing_id})


def still(how: str, event: Any) -> bool:
    """Tell whether the probe shall go on like that."""
    with session_scope() as session:
        return behaviour(session, event) == how


def perform(how: str | None) -> None:
    """Do it; nothing is as good as fine."""
    if how in _FAILURES:
        kind, words, more = _FAILURES[how]
        raise kind(words, **more)
    if how == "die":
        os.kill(os.getpid(), signal.SIGKILL)


install()
