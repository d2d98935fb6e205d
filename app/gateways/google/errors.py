"""How Google can fail. No error quotes a token, a code or an address: errors are kept and shown to operators."""

from __future__ import annotations

from app.kernel.errors import PermanentFailure, TransientFailure


class GoogleUnavailable(TransientFailure):
    """Google was not reached, is busy or broken: the same question may be answered later."""


class GoogleLimited(TransientFailure):
    """Google asks us to slow down; nothing was done."""


class QuotaUsedUp(GoogleLimited):
    """What a calendar may do in a day is used up: it comes back in hours."""


class GoogleRefused(PermanentFailure):
    """Google understood and said no: asking again gives the same answer."""


class GrantLost(PermanentFailure):
    """What a person allowed is gone (invalid_grant): revoked, or unused for too long. They must allow it again."""


class ClientRefused(PermanentFailure):
    """Google does not know our own client: GOOGLE_CLIENT_ID or GOOGLE_CLIENT_SECRET is wrong, for everybody."""


class TokenRefused(PermanentFailure):
    """Google takes this access token no more (401): a fresh one may do."""


class MeetPending(TransientFailure):
    """The event is there; its Meet link is still being made."""


class ForeignEvent(PermanentFailure):
    """Under the id that we chose there is an event that we did not make."""
