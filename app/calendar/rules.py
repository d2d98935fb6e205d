"""Pure rules of calendars: ids of events, and where a browser may be sent."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

#: What an address is made of: visible ASCII, without the backslash that browsers read as a slash.
_ADDRESS = re.compile(r"[!-\[\]-~]{1,2000}")


def event_id(session_id: UUID, generation: int) -> str:
    """Return the id under which a session stands in a calendar: base32hex of its UUID, and a digit.

    Google takes a-v and 0-9. The id of a deleted event stays taken for ever: the next one has the next generation.
    """
    encoded = base64.b32hexencode(session_id.bytes).decode().lower().rstrip("=")
    return f"{encoded}{generation}"


def invitation_uid(session_id: UUID) -> str:
    """Return the UID of a session's invitations: the iCalUID that Google gives to its first event."""
    return f"{event_id(session_id, 0)}@google.com"


def may_return_to(address: str, allowed: Iterable[str]) -> bool:
    """Tell whether an address is one of the allowed ones or lies below one: same scheme, host, port, and folder."""
    if not _ADDRESS.fullmatch(address):
        return False
    try:
        given = urlsplit(address)
        return not given.fragment and "@" not in given.netloc and any(_covers(one, address) for one in allowed)
    except ValueError:  # brackets that hold no IPv6 address, a port that is no number
        return False


def with_query(address: str, **answer: str) -> str:
    """Return an address with more in its query."""
    parts = urlsplit(address)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *answer.items()])
    return urlunsplit(parts._replace(query=query))


def _covers(allowed: str, address: str) -> bool:
    ours, given = urlsplit(allowed), urlsplit(address)
    folder = ours.path.rstrip("/")
    is_below = given.path == folder or given.path.startswith(f"{folder}/")
    climbs = any(part in {"..", "%2e%2e", ".%2e", "%2e."} for part in given.path.lower().split("/"))
    same_origin = (ours.scheme, ours.hostname, ours.port) == (given.scheme, given.hostname, given.port)
    return same_origin and is_below and not climbs
