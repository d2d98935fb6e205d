"""The mails of identity: short, friendly and plain."""

from __future__ import annotations

from urllib.parse import urlencode

from app.gateways.letters import Link, write
from app.gateways.mail import Mail
from app.identity.models import User
from app.infra.config import settings


def verification_letter(user: User, token: str, name: object) -> Mail:
    """Ask for the proof that the address is theirs; the link is good for settings().verification_seconds."""
    link = f"{settings().frontend_url}/verify-email?{urlencode({'token': token})}"
    hours = settings().verification_seconds // 3600
    return write(
        user.email,
        user.name,
        "Confirm your e-mail address",
        [
            "Please confirm that this address is yours:",
            Link(link),
            f"The link works once, for {hours} hours. If you did not register at Amana, you need do nothing.",
        ],
        name=name,
    )


def account_exists_letter(user: User, name: object) -> Mail:
    """Tell somebody who registers again that they have an account; a stranger who tries learns nothing."""
    return write(
        user.email,
        user.name,
        "You already have an account",
        [
            "Somebody, probably you, has just asked to register this address at Amana. It has an account already:",
            Link(f"{settings().frontend_url}/login"),
            "If that was not you, you need do nothing: nothing was changed.",
        ],
        name=name,
    )
