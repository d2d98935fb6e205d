"""What both have been told by mail, and what their calendars were told with it."""

from __future__ import annotations

from demo.caller import Caller
from demo.failures import expect
from demo.invitations import Invitation, read_invitations
from demo.sessions import Booked
from demo.stage import Stage


def play(stage: Stage, readers: tuple[Caller, Caller], kept: Booked, cancelled: Booked) -> None:
    """Read the mails about both sessions, and hold their invitations against each other."""
    stage.screen.act("Both were told, and so were their calendars")
    for reader in readers:
        _check_kept(kept, _read(stage, reader, kept.title, 3))
        _check_cancelled(_read(stage, reader, cancelled.title, 2))
    _read(stage, readers[-1], "Payout", 1)


def _read(stage: Stage, reader: Caller, about: str, count: int) -> list[Invitation]:
    """Show so many mails about something, and return the invitations that came with them, oldest first."""
    found = []
    for mail in stage.outside.wait_for_mails(reader.email, about, count):
        invitations = read_invitations(mail)
        stage.screen.step(reader.name, f"{mail['subject']:<40} {', '.join(one.shown for one in invitations)}".rstrip())
        found += invitations
    return found


def _check_kept(kept: Booked, invitations: list[Invitation]) -> None:
    """The one session has one UID, its own time, and a change that counts: the link that came later."""
    expect("the methods of the invitations", [one.method for one in invitations], ["REQUEST", "REQUEST"])
    _check_order(invitations)
    expect("the time in the invitations", {one.starts_at for one in invitations}, {kept.starts_at})


def _check_cancelled(invitations: list[Invitation]) -> None:
    """The other is withdrawn under the UID that it was invited with."""
    expect("the methods of the invitations", [one.method for one in invitations], ["REQUEST", "CANCEL"])
    _check_order(invitations)


def _check_order(invitations: list[Invitation]) -> None:
    first, second = invitations
    expect("the UID of the second invitation", second.uid, first.uid)
    expect("that the second one counts as newer", second.sequence > first.sequence, wanted=True)
