"""Meet conferences of events: asked for by createRequest, made by and by."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, replace
from typing import Any

from sandbox.google.errors import invalid
from sandbox.reading import is_text

SOLUTION = "hangoutsMeet"


@dataclass(frozen=True, slots=True)
class Conference:
    """One conference: the request it came from, how it ends, and how many more polls find it pending."""

    request_id: str
    code: str
    pending_polls: int | None = None
    fails: bool = False

    @property
    def status(self) -> str:
        """`pending`, `success` or `failure`."""
        if self.pending_polls is not None:
            return "pending"
        return "failure" if self.fails else "success"

    @property
    def link(self) -> str | None:
        """The address of the meeting, once there is one."""
        return f"https://meet.google.com/{self.code}" if self.status == "success" else None

    def polled(self) -> Conference:
        """Return it as the next poll finds it."""
        if self.pending_polls is None:
            return self
        return replace(self, pending_polls=self.pending_polls - 1 if self.pending_polls else None)

    def as_json(self) -> dict[str, Any]:
        """Write it as ConferenceData."""
        key = {"type": SOLUTION}
        asked = {
            "requestId": self.request_id,
            "conferenceSolutionKey": key,
            "status": {"statusCode": self.status},
        }
        if self.link is None:
            return {"createRequest": asked}
        entry = {"entryPointType": "video", "uri": self.link, "label": self.link.removeprefix("https://")}
        solution = {"key": key, "name": "Google Meet"}
        return {
            "createRequest": asked,
            "entryPoints": [entry],
            "conferenceSolution": solution,
            "conferenceId": self.code,
        }


def read_request(data: object) -> str | None:
    """Return the requestId of a createRequest in ConferenceData, None when nothing is asked for; raises `ApiError`."""
    if not isinstance(data, dict):
        raise invalid("Invalid value for: conferenceData")
    asked = data.get("createRequest")
    if asked is None:
        return None
    if not isinstance(asked, dict) or not is_text(asked.get("requestId"), 1024) or not asked["requestId"]:
        raise invalid("Invalid conference request: requestId is required.")
    key = asked.get("conferenceSolutionKey", {"type": SOLUTION})
    if not isinstance(key, dict) or key.get("type") != SOLUTION:
        raise invalid("Invalid conference type value.")
    return str(asked["requestId"])


def new_code() -> str:
    """Draw the code of a meeting, like `abc-defg-hij`."""
    return "-".join("".join(secrets.choice(string.ascii_lowercase) for _ in range(size)) for size in (3, 4, 3))
