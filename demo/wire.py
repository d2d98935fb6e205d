"""HTTP as the demo speaks it: JSON over one connection for each call, no redirects, no proxies."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from demo.failures import Failed, Unexpected

#: Seconds without a byte after which a call is given up; `Prefer: wait` asks for less.
SILENCE = 60.0
MOST_SHOWN = 300


@dataclass(frozen=True)
class Answer:
    """What was answered to which call."""

    call: str
    status: int
    headers: http.client.HTTPMessage
    content: bytes

    def __getitem__(self, name: str) -> Any:
        """Return a field of the JSON body; raise Unexpected when there is none of this name."""
        return self.json[name]

    @property
    def json(self) -> Fields:
        """Return the body as an object; raise Unexpected when it is none."""
        try:
            body = json.loads(self.content, object_hook=lambda fields: Fields(self.call, fields))
        except ValueError:
            body = None
        if not isinstance(body, Fields):
            raise Unexpected(self.call, "a JSON object", self.shown)
        return body

    @property
    def is_success(self) -> bool:
        """Tell whether the status is a 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def shown(self) -> str:
        """Return status and body on one line: the code and the detail of a problem, else how the body begins."""
        try:
            problem = json.loads(self.content)
            fields = "".join(f" {one['pointer']}: {one['message']}" for one in problem.get("errors", ()))
            return f"{self.status} {problem['code']}: {problem['detail']}{fields} (request {problem['instance']})"
        except (ValueError, TypeError, KeyError, AttributeError):
            beginning = self.content[:MOST_SHOWN].decode(errors="replace")
            return f"{self.status} {' '.join(beginning.split())}".rstrip()


class Fields(dict[str, Any]):
    """A JSON object of an answer; a field that is missing ends the demo with a sentence."""

    def __init__(self, call: str, fields: Mapping[str, Any]) -> None:
        """Take the call that was answered, and the fields."""
        super().__init__(fields)
        self._call = call

    def __missing__(self, name: str) -> Any:
        """Say which field is missing from which answer."""
        raise Unexpected(self._call, f"with a field {name!r}", f"with {', '.join(self) or 'none'}")


def succeed(method: str, url: str, body: object = None) -> Answer:
    """Make one call and return its answer; raise Unexpected unless it is a success."""
    answer = send(method, url, body=body)
    if not answer.is_success:
        raise Unexpected(answer.call, "with a success", answer.shown)
    return answer


def open_page(url: str) -> str:
    """Return a page as a browser gets it; raise Unexpected when there is none."""
    answer = send("GET", url, headers={"Accept": "text/html"})
    if not answer.is_success:
        raise Unexpected(answer.call, "with a page", answer.shown)
    return answer.content.decode()


def send(method: str, url: str, *, headers: Mapping[str, str] | None = None, body: object = None) -> Answer:
    """Make one call and return the answer, whatever its status; raise Failed when there is none."""
    parts = urlsplit(url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    content = None if body is None else json.dumps(body).encode()
    typed = {} if body is None else {"Content-Type": "application/json"}
    connection = http.client.HTTPConnection(parts.netloc, timeout=SILENCE)
    try:
        connection.request(method, target, content, {"Accept": "application/json", **typed, **(headers or {})})
        answer = connection.getresponse()
        return Answer(f"{method} {url}", answer.status, answer.headers, answer.read())
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"{method} {url} got no answer: {type(error).__name__}: {error}.") from error
    finally:
        connection.close()
