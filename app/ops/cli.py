"""What an operator does: `flask --app wsgi dead-letters …` about work that was given up; `… health` to look around."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from app.infra.db import session_scope
from app.infra.outbox import dead_letters
from app.infra.outbox.dead_letters import DeadLetter, Filter
from app.kernel.clock import rfc3339, wall_now
from app.kernel.errors import Refusal
from app.ops import health
from app.ops.states import HealthStatus

letters = AppGroup("dead-letters", help="Work that ran out of attempts: look at it, send it again, give it up.")


@click.command("health")
@click.option("--all", "everything", is_flag=True, help="How the whole system is: workers, relay, Beat, gateways …")
def tell_health(*, everything: bool) -> None:
    """Say whether a process with these settings could do its work; exit code 1 when it could not."""
    report = health.look() if everything else health.look(health.READINESS)
    for name, check in report.checks.items():
        click.echo(f"{name}: {check.status} after {check.duration_ms} ms, {check.detail}")
        if check.advice:
            click.echo(f"  {check.advice}")
    if report.status == HealthStatus.UNHEALTHY:
        raise click.ClickException("It cannot work now.")


_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _read_since(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    if ago := _AGO.fullmatch(value):
        return wall_now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise click.BadParameter("Write a duration like 90s, 15m, 2h or 3d, or a time like 2026-11-20T14:00:00Z.")
    return instant


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that narrow; the command gets them as one Filter named `wanted`."""
    options = (
        click.option("--task", help="Of this task, e.g. tasks.payments.settle."),
        click.option("--queue", help="Of this queue, e.g. payments."),
        click.option("--event", help="Caused by this event, e.g. WebhookReceived."),
        click.option("--error", help="Whose last error begins so, e.g. UnknownOutcome."),
        click.option("--since", callback=_read_since, help="Died since then: 90s, 15m, 2h, 3d, or a time."),
    )

    @wraps(command)
    def collected(*, task: str | None, queue: str | None, event: str | None, error: str | None, **rest: Any) -> None:
        command(wanted=Filter(task, queue, event, rest.pop("since"), error), **rest)

    for option in reversed(options):
        collected = option(collected)
    return collected


@letters.command("list")
@_filters
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="How many at most.")
def list_letters(wanted: Filter, limit: int) -> None:
    """List dead letters, the latest first: id, when it died, attempts, task, event, last error."""
    with session_scope() as session:
        found = dead_letters.find(session, wanted, limit=limit)
        for delivery in found:
            click.echo(_line(dead_letters.show(session, delivery.id)))
    if not found:
        click.echo("No dead letters.")


@letters.command("show")
@click.argument("delivery_id", metavar="ID", type=click.UUID)
def show_letter(delivery_id: UUID) -> None:
    """Show one delivery: the fact that caused it, and every attempt with its traceback."""
    with _refusals_told(), session_scope() as session:
        letter = dead_letters.show(session, delivery_id)
    for line in _lines(letter):
        click.echo(line)


@letters.command("replay")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.UUID)
@_filters
@click.option("--all", "everything", is_flag=True, help="All there are, up to --limit.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=1_000, show_default=True, help="How many at most.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent again, and do nothing.")
def replay_letters(ids: Sequence[UUID], wanted: Filter, *, everything: bool, limit: int, dry_run: bool) -> None:
    r"""Send dead letters again, with a fresh budget of attempts; their history stays.

    Name them, or narrow: with several options a letter must fit all of them. What was done before is not done twice:
    tasks see by state, lock and reference what is done already.

    \b
      flask --app wsgi dead-letters replay 01a1fad5-4f71-7c02-a3ed-2a6e275bfec1
      flask --app wsgi dead-letters replay --task tasks.payments.settle --since 2h --dry-run
    """
    if bool(ids) == (everything or wanted != Filter()):
        raise click.UsageError("Name deliveries, or narrow by options, or say --all: one of the three.")
    with _refusals_told(), session_scope() as session:
        meant = [*ids] or [delivery.id for delivery in dead_letters.find(session, wanted, limit=limit)]
        if dry_run:
            for delivery_id in meant:
                click.echo(_line(dead_letters.show(session, delivery_id)))
        else:
            meant = _replayed(session, ids, wanted, limit)
    click.echo(f"{_deliveries(len(meant))} {'would be' if dry_run else 'will be'} sent again.")


@letters.command("discard")
@click.argument("ids", metavar="ID...", nargs=-1, required=True, type=click.UUID)
@click.option("--reason", required=True, help="Why it is given up; kept with the delivery.")
def discard_letters(ids: Sequence[UUID], reason: str) -> None:
    """Give dead letters up: all that are named, or none when one of them is not dead."""
    with _refusals_told(), session_scope() as session:
        for delivery_id in ids:
            dead_letters.discard(session, delivery_id, reason=reason, actor=None)
    click.echo(f"{_deliveries(len(ids))} given up.")


def _replayed(session: Session, ids: Sequence[UUID], wanted: Filter, limit: int) -> list[UUID]:
    if not ids:
        return list(dead_letters.replay_all(session, wanted, limit=limit))
    for delivery_id in ids:
        dead_letters.replay(session, delivery_id)
    return list(ids)


def _line(letter: DeadLetter) -> str:
    delivery = letter.delivery
    died = rfc3339(delivery.finished_at) if delivery.finished_at else "-"
    error = letter.attempts[-1].error if letter.attempts else None
    return f"{delivery.id}  {died}  {delivery.attempts:>2}x  {delivery.task}  {letter.event.type}  {error or '-'}"


def _lines(letter: DeadLetter) -> Iterator[str]:
    delivery, event = letter.delivery, letter.event
    yield f"delivery     {delivery.id}: {delivery.state}, {delivery.attempts} attempts of {delivery.tries} in a budget"
    yield f"task         {delivery.task} on {delivery.queue}"
    yield f"event        {event.type} {event.id}, recorded {rfc3339(event.recorded_at)}"
    for name, value in event.payload.items():
        yield f"             {name} {value}"
    yield f"request id   {event.correlation_id}"
    if delivery.discard_reason:
        yield f"given up     {delivery.discard_reason}"
    for attempt in letter.attempts:
        seconds = (attempt.ended_at - attempt.started_at).total_seconds()
        yield f"\nattempt {attempt.n}: {attempt.outcome} after {seconds:.3f} s on {attempt.worker}"
        yield f"  {attempt.error or 'no error'}"
        yield from (f"    {line}" for line in (attempt.traceback or "").splitlines())


def _deliveries(count: int) -> str:
    return f"{count} {'delivery' if count == 1 else 'deliveries'}"


@contextmanager
def _refusals_told() -> Iterator[None]:
    """Turn a refusal into a sentence and exit code 1; everything in the block is rolled back."""
    try:
        yield
    except Refusal as refusal:
        raise click.ClickException(refusal.detail) from None
