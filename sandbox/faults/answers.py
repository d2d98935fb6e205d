"""How a faulty gateway answers over HTTP: the same for every gateway of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, redirect
from werkzeug.exceptions import HTTPException, InternalServerError, TooManyRequests

from sandbox.faults.orders import Fault, Faults, Occasion

MEGABYTE = 1024 * 1024


def before(faults: Faults, occasion: Occasion) -> None:
    """Let the faults strike that come before any work; those that answer raise an `HTTPException`."""
    if fault := faults.take("delay", occasion):
        fault.over.wait(fault.seconds)
    if fault := faults.take("rate_limited", occasion):
        raise TooManyRequests("too many requests (fault on order)", retry_after=max(1, round(fault.seconds)))
    if faults.take("error_500", occasion):
        raise InternalServerError("internal error, nothing was done (fault on order)")
    if fault := faults.take("redirect", occasion):
        raise HTTPException(response=redirect(fault.location))


def after(faults: Faults, occasion: Occasion, answer: Response) -> Response:
    """Return the answer as it leaves the house after the work: as it is, or spoilt by a fault."""
    if fault := faults.take("timeout_after_success", occasion):
        return silent(fault)
    if faults.take("error_500_after_success", occasion):
        raise InternalServerError("internal error, but the work was done (fault on order)")
    if faults.take("not_json", occasion):
        return Response("<!doctype html><title>Oops</title><p>Something went wrong.", mimetype="text/html")
    if fault := faults.take("huge_answer", occasion):
        return huge(fault)
    if fault := faults.take("drip", occasion):
        return dripping(fault, answer)
    return answer


def silent(fault: Fault) -> Response:
    """Make an answer that never comes: the connection is held for `seconds`, then closed."""
    return Response(_silence(fault))


def huge(fault: Fault) -> Response:
    """Make an answer of `megabytes` of JSON."""
    size = fault.megabytes * MEGABYTE
    return Response(_padding(fault), headers={"Content-Length": str(size)}, content_type="application/json")


def dripping(fault: Fault, answer: Response) -> Response:
    """Let an answer come byte by byte, `seconds` apart."""
    answer.response = _drip(fault, answer.get_data())
    return answer


def _silence(fault: Fault) -> Iterator[bytes]:
    """Yield not one byte, and then break the connection: the server drops it without an answer."""
    fault.over.wait(fault.seconds)
    raise ConnectionAbortedError("fault on order: the answer never comes")
    yield b""


def _padding(fault: Fault) -> Iterator[bytes]:
    """Yield JSON all right, but `megabytes` of it: an object with one endless string."""
    opening, closing = b'{"padding": "', b'"}'
    left = fault.megabytes * MEGABYTE - len(opening) - len(closing)
    yield opening
    while left > 0:
        chunk = b"x" * min(left, MEGABYTE)
        left -= len(chunk)
        yield chunk
    yield closing


def _drip(fault: Fault, body: bytes) -> Iterator[bytes]:
    """Yield the same bytes one at a time, and all the rest at once when the fault is ended."""
    for position in range(len(body)):
        if fault.over.wait(fault.seconds):
            yield body[position:]
            return
        yield body[position : position + 1]
