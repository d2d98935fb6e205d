"""What a mentor is told of the connection to their calendar."""

from __future__ import annotations

from app.gateways.letters import Link
from app.identity.service import Person
from app.infra.config import settings
from app.notifications.service import News


def reconnect(owner: Person) -> News:
    """Ask for a new consent."""
    return News(
        reader=owner,
        type="calendar_reauth_required",
        title="Connect your Google calendar again",
        message=(
            "Google does not let us write to your calendar any more. Until you connect it again, new sessions have no"
            " Meet link and do not stand in it; they take place all the same."
        ),
        body=[Link(f"{settings().frontend_url}/calendar", "Connect it again")],
    )
