"""What the back office is told of bookings that take place without a link of ours."""

from __future__ import annotations

from app.booking.models import Booking
from app.notifications.service import Alarm
from app.notifications.states import AlarmType, Severity

QUOTA_USED_UP = Alarm(
    type=AlarmType.INTEGRATION_FAILURE,
    severity=Severity.WARNING,
    title="Google's quota is used up",
    message="Links for confirmed sessions come late: Google takes no more events for now and is asked again in hours.",
    cause="google quota used up",
)


def mentor_not_connected(booking: Booking) -> Alarm:
    """One cause for a mentor: one consent puts all their sessions right."""
    return Alarm(
        type=AlarmType.INTEGRATION_FAILURE,
        severity=Severity.WARNING,
        title="A mentor has no calendar connected",
        message=(
            "A session of theirs is confirmed and has no Meet link, this one the latest. It gets one by itself when the"
            " mentor connects a Google calendar."
        ),
        cause=f"calendar not connected: {booking.mentor_id}",
        related_kind="booking",
        related_id=booking.id,
        metadata={"mentor_id": str(booking.mentor_id)},
    )
