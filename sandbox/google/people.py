"""Google accounts: any mail address is one."""

from __future__ import annotations

import hashlib
import re

ADDRESS = re.compile(r"[!-?A-~]{1,64}@[0-9a-z.-]{1,255}")


def read_email(text: str) -> str | None:
    """Return a mail address as Google knows it, in small letters; None when it is none."""
    email = text.strip().lower()
    return email if ADDRESS.fullmatch(email) else None


def subject_of(email: str) -> str:
    """Return the account's id, `sub`: 21 digits, the same for the same address for ever."""
    number = int.from_bytes(hashlib.sha256(email.encode()).digest())
    return f"1{number % 10**20:020d}"
