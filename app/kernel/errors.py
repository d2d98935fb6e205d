"""Refusals and failures. One class for each reason; the web renders refusals, deliveries act on failures."""

from __future__ import annotations

import inspect
from http import HTTPStatus
from typing import ClassVar


class Refusal(Exception):
    """Something asked of us that we do not do; nothing was changed. Rendered as problem+json by app/web/problems.py.

    The docstring of each class is what clients read: its first paragraph is the sentence of the answer, the others
    tell on the page of the problem what to do.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    code: ClassVar[str] = "conflict"

    def __init__(self, detail: str = "") -> None:
        """Take the sentence that tells a person what is wrong and what to do about it."""
        self.detail = detail or self.sentence()
        super().__init__(self.detail)

    @classmethod
    def sentence(cls) -> str:
        """Return what is wrong, in a sentence."""
        return cls._paragraphs()[0]

    @classmethod
    def advice(cls) -> list[str]:
        """Return what to do about it, in paragraphs."""
        return cls._paragraphs()[1:]

    @classmethod
    def _paragraphs(cls) -> list[str]:
        return [" ".join(paragraph.split()) for paragraph in inspect.cleandoc(cls.__doc__ or "").split("\n\n")]


class InvalidInput(Refusal):
    """The request can be read but not accepted as it stands.

    `errors` names each field by a JSON pointer and says what it must be. Correct those fields and send the request
    again.
    """

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid_input"

    def __init__(self, detail: str = "", *, pointer: str = "") -> None:
        """Take the sentence and the JSON pointer (RFC 6901) of the field it is about."""
        super().__init__(detail)
        self.pointer = pointer


class Unreadable(Refusal):
    """The request cannot be read.

    The body must be JSON in UTF-8 (RFC 8259), with no field twice and not nested deeper than 32 levels. The
    sentence says where reading stopped.
    """

    status = HTTPStatus.BAD_REQUEST
    code = "unreadable"


class Unauthenticated(Refusal):
    """Sign in first: send a valid access token as 'Authorization: Bearer …'.

    POST /api/v1/auth/login gives an access token, which lives ten minutes; POST /api/v1/auth/refresh gives the next
    one for the refresh token. A sign-in that was ended takes its access tokens with it.
    """

    status = HTTPStatus.UNAUTHORIZED
    code = "unauthenticated"


class Forbidden(Refusal):
    """You are known, but this is not yours to do.

    Somebody else must do it. `x-permission` of the operation in the API document says who may.
    """

    status = HTTPStatus.FORBIDDEN
    code = "forbidden"


class NotFound(Refusal):
    """There is no such thing, or it is not yours to see.

    Look at the id and at the path. What belongs to somebody else is answered in the same way, so that nobody can
    find out that it is there.
    """

    status = HTTPStatus.NOT_FOUND
    code = "not_found"


class TooMany(Refusal):
    """Too many requests: wait as long as Retry-After says.

    The header Retry-After says how many seconds to wait. Trying sooner makes it no better.
    """

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"

    def __init__(self, detail: str = "", *, retry_after: int = 1) -> None:
        """Take the sentence and the seconds to wait."""
        super().__init__(detail)
        self.retry_after = retry_after


class Failure(Exception):
    """Work for the outside world or the database that did not come to its end."""


class TransientFailure(Failure):
    """It did not happen and may be tried again: connection refused, 429, a lock that was not given."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """Take what happened and, where the other side said so, the seconds to wait."""
        super().__init__(message)
        self.retry_after = retry_after


class PermanentFailure(Failure):
    """It did not happen and never will as it stands: trying again is pointless."""


class UnknownOutcome(Failure):
    """It may have happened: the answer was lost. Ask the other side before doing it again."""
