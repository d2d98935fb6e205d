"""The http object of googleapiclient, on our own wire.

Its own one (httplib2) follows redirects to foreign hosts with the token, reads answers of any size and waits for ever
on a peer that drips. `app.infra.http.send` does none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import responses

from app.infra import http
from app.infra.calls import Operation


class Answer(dict[str, str]):
    """Headers in small letters with a status and a reason: what googleapiclient reads of httplib2.Response."""

    def __init__(self, reply: http.Reply) -> None:
        super().__init__(reply.headers)
        self.status = reply.status
        self.reason = responses.get(reply.status, "")


@dataclass(frozen=True)
class Transport:
    """Sends requests in the name of whoever gave the access token."""

    token: str = field(default="", repr=False)

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> tuple[Answer, bytes]:
        """Make one call; raises what `app.infra.http.send` raises."""
        # The length is http.client's to say; asking for gzip would get an answer that nobody unpacks.
        kept = {name: value for name, value in (headers or {}).items() if name.lower() not in _OURS}
        content = body.encode() if isinstance(body, str) else body
        reply = http.send(
            method,
            uri,
            operation=Operation("google", _OPERATIONS.get(method, "other")),
            headers=kept | {"Authorization": f"Bearer {self.token}"},
            body=content,
        )
        return Answer(reply), reply.body

    def close(self) -> None:
        """Do nothing: each call has a connection of its own."""


_OPERATIONS = {"GET": "get_event", "POST": "insert_event", "PATCH": "patch_event", "DELETE": "delete_event"}

_OURS = frozenset({"content-length", "accept-encoding", "authorization"})
