"""What Google kept from the sessions comes by itself, in the right order, and the database tells how."""

from __future__ import annotations

from dataclasses import replace

from demo.caller import Caller
from demo.failures import expect
from demo.sessions import Booked
from demo.stage import Stage
from demo.tries import wait_until_done

#: Seconds after which work that failed once has been begun again: 2, up to 1 by chance, up to 1 until a relay looks.
FIRST_RETRY = 4


def play(stage: Stage, lina: Caller, mounir: Caller, kept: Booked, cancelled: Booked) -> None:
    """Wait until the one session has its Meet link, and the other is out of the calendar."""
    stage.screen.act("What was out of order heals by itself")
    stage.screen.step("Celery", "waits two seconds, and a bit more by chance, before it asks Google again")
    patience = stage.patience.beyond(FIRST_RETRY)
    _await_link(stage, replace(lina, patience=patience), mounir, kept)
    replace(stage.google, patience=patience).wait_for_removal(cancelled.id, mounir.email)
    stage.screen.step("Celery", "has taken the cancelled session out of the calendar; what put it there came first")
    _show_tries(stage, "tasks.booking.arrange_meeting", cancelled)
    _show_tries(stage, "tasks.booking.cancel_meeting", cancelled)


def _await_link(stage: Stage, lina: Caller, mounir: Caller, kept: Booked) -> None:
    arranged = lina.follow(
        f"/bookings/{kept.id}",
        "a Meet link for the confirmed booking",
        lambda booking: booking["meeting_url"] is not None,
        lambda booking: f"a booking that is {booking['status']}, without a link",
    )
    event = stage.google.wait_for_event(kept.id, mounir.email)
    expect("the link in Mounir's calendar", event["hangoutLink"], arranged["meeting_url"])
    stage.screen.step("Celery", f"has a Meet link for the first session: {arranged['meeting_url']}")
    _show_tries(stage, "tasks.booking.arrange_meeting", kept)


def _show_tries(stage: Stage, task: str, about: Booked) -> None:
    name = task.rpartition(".")[2]
    for one in wait_until_done(stage.world.database_url, task, about.id, stage.patience):
        stage.screen.detail(f"{name:<16} {one.shown}", holds=one.error is None)
