"""The words that the room stores: roles, and why a sign-in was ended."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody may be. Every user is a learner; the others are added."""

    LEARNER = "learner"
    MENTOR = "mentor"
    FINANCE = "finance"
    SUPPORT = "support"
    ADMIN = "admin"  #: may do all that finance and support may


#: The roles that have a row of their own.
ADDED_ROLES = tuple(role for role in Role if role is not Role.LEARNER)


class Revocation(StrEnum):
    """Why a family of tokens was ended before its time."""

    LOGOUT = "logout"
    PASSWORD = "password"  # noqa: S105 - the reason, not a password: it was replaced by an operator
    REUSE = "reuse"  #: a spent refresh token was shown again: one of its two holders is a thief
