"""What identity refuses."""

from __future__ import annotations

from app.kernel.errors import Forbidden, InvalidInput, NotFound, Unauthenticated


class UserNotFound(NotFound):
    """There is no such user."""


class WrongCredentials(Unauthenticated):
    """The address or the password is wrong.

    The answer is the same for an address that nobody has registered. After ten failures in five minutes an address
    has to wait.
    """

    code = "wrong_credentials"


class EmailNotVerified(Forbidden):
    """Open the link that we mailed you first; POST /auth/resend-verification sends another.

    The password was right, but nobody has proved yet that the address is theirs. The link in the mail works for a
    day.
    """

    code = "email_not_verified"


class InvalidRefreshToken(Unauthenticated):
    """This refresh token is unknown, spent or expired: sign in again.

    A refresh token works once: each answer brings the next one. One that is shown a second time ends the whole
    sign-in, for somebody else may have it.
    """

    code = "invalid_refresh_token"


class InvalidVerificationToken(InvalidInput):
    """This link is unknown, used or expired: POST /auth/resend-verification sends another.

    The link in the mail works once, and for a day. Whoever has opened it already can sign in.
    """

    code = "invalid_verification_token"

    def __init__(self) -> None:
        """Point at the token."""
        super().__init__(pointer="/token")
