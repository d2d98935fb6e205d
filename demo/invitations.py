"""The .ics of a mail, read as far as the story needs it (RFC 5545)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from demo.clock import rfc3339


@dataclass(frozen=True)
class Invitation:
    """What a calendar is told: REQUEST or CANCEL, of what, as which change, beginning when (RFC 3339, UTC)."""

    method: str
    uid: str
    sequence: int
    starts_at: str

    @property
    def shown(self) -> str:
        """Return it as a person reads it."""
        return f".ics {self.method}, change {self.sequence}"


def read_invitations(mail: Mapping[str, Any]) -> list[Invitation]:
    """Return what is attached for calendars."""
    files = [file for file in mail["attachments"] if file["filename"].endswith(".ics")]
    return [_read(base64.b64decode(file["content_base64"]).decode()) for file in files]


def _read(text: str) -> Invitation:
    unfolded = re.sub(r"\r?\n[ \t]", "", text)
    pairs = (line.partition(":")[::2] for line in unfolded.splitlines())
    told = {name.partition(";")[0]: value for name, value in pairs}
    starts_at = datetime.strptime(told["DTSTART"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return Invitation(told["METHOD"], told["UID"], int(told.get("SEQUENCE", "0")), rfc3339(starts_at))
