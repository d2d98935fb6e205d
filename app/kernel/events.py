"""Events: facts in the past tense. Their payload holds ids only: no token, code, address or name."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact that a room recorded. Subclasses are frozen dataclasses whose fields are all UUIDs."""

    @classmethod
    def type_name(cls) -> str:
        """Return the name under which the fact is stored."""
        return cls.__name__

    def payload(self) -> dict[str, str]:
        """Return the ids as JSON."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Self:
        """Build the fact again from its stored payload."""
        return cls(**{field.name: UUID(payload[field.name]) for field in fields(cls)})
