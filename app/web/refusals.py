"""How the plumbing refuses: before a route is found, while its body is read, and when we cannot serve at all."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from app.kernel.errors import InvalidInput, NotFound, Refusal, TooMany, Unreadable


class MethodNotAllowed(Refusal):
    """This path has no such method.

    The header Allow names the methods that it has.
    """

    status = HTTPStatus.METHOD_NOT_ALLOWED
    code = "method_not_allowed"


class RequestTimeout(Refusal):
    """The request took too long to arrive.

    Nothing was changed. Send it again.
    """

    status = HTTPStatus.REQUEST_TIMEOUT
    code = "request_timeout"


class BodyTooLarge(Refusal):
    """The body is larger than we read.

    No call of this API needs 64 KiB. Shorten the texts in it.
    """

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "body_too_large"


class UnsupportedMediaType(Refusal):
    """Send the body as application/json.

    Set the header Content-Type to application/json. Forms and uploads are read nowhere.
    """

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"


class NotUnderstood(Refusal):
    """The request cannot be served as it stands.

    It broke a rule of HTTP: the status and the sentence say which.
    """

    status = HTTPStatus.BAD_REQUEST
    code = "http_error"


class InternalError(Refusal):
    """This is our mistake. Tell us the instance, and we will find it.

    Nothing was changed. What happened stands in our logs under the id in `instance`, which is also the answer's header
    X-Request-Id. A call with an Idempotency-Key may be sent again under the same key.
    """

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "internal_error"


class TryAgain(TooMany):
    """We cannot serve this now: try again.

    Nothing was changed. Either the database is away for a moment, or too many wanted the same row at once. Wait as
    many seconds as the header Retry-After says and send the same request again, with the same Idempotency-Key if it
    had one.
    """

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "try_again"


#: Whoever reads a body may refuse it so.
OF_BODIES: tuple[type[Refusal], ...] = (Unreadable, BodyTooLarge, UnsupportedMediaType, InvalidInput)

#: What the errors of the framework itself become.
_OF_THE_FRAMEWORK: dict[int, type[Refusal]] = {
    refusal.status: refusal
    for refusal in (
        Unreadable, NotFound, MethodNotAllowed, RequestTimeout, BodyTooLarge, UnsupportedMediaType, InvalidInput,
        TooMany, InternalError, TryAgain,
    )
}  # fmt: skip


def of_the_framework(status: int) -> type[Refusal]:
    """Return how an error is refused that the framework answers with this status."""
    return _OF_THE_FRAMEWORK.get(status, NotUnderstood)


def catalogue() -> dict[str, list[type[Refusal]]]:
    """Return every code with the classes that answer it, the one that gave it its name first.

    Complete once the rooms are imported, which the application has done when it serves.
    """
    found: dict[str, list[type[Refusal]]] = {}
    for refusal in _below(Refusal):
        found.setdefault(refusal.code, []).append(refusal)
    return {code: found[code] for code in sorted(found)}


def _below(parent: type[Refusal]) -> Iterator[type[Refusal]]:
    """Yield the classes in the order in which they were derived: a code's own class comes before those below it."""
    for child in parent.__subclasses__():
        yield child
        yield from _below(child)
