"""What identity refuses."""

from __future__ import annotations

from app.kernel.errors import Forbidden, InvalidInput, NotFound, Unauthenticated


class UserNotFound(NotFound):
    """There is no such user."""


class WrongCredentials(Unauthenticated):
    """The address or the password is wrong."""

    code = "wrong_credentials"


class EmailNotVerified(Forbidden):
    """Open the link that we mailed you first; POST /auth/resend-verification sends another."""

    code = "email_not_verified"


class InvalidRefreshToken(Unauthenticated):
    """This refresh token is unknown, spent or expired: sign in again."""

    code = "invalid_refresh_token"


class InvalidVerificationToken(InvalidInput):
    """This link is unknown, used or expired: POST /auth/resend-verification sends another."""

    code = "invalid_verification_token"

    def __init__(self) -> None:
        """Point at the token."""
        super().__init__(pointer="/token")
