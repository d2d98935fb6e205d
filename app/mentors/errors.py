"""What the mentors room refuses."""

from __future__ import annotations

from app.kernel.errors import InvalidInput, NotFound, Refusal


class MentorNotFound(NotFound):
    """There is no such mentor."""


class OfferingNotFound(NotFound):
    """There is no such offering, or it is not yours to change."""


class AlreadyMentor(Refusal):
    """You are a mentor already: change what is said of you with PATCH /mentors/me."""

    code = "already_mentor"


class OfferingRetired(Refusal):
    """This offering is retired and stays as its bookings know it: make a new one."""

    code = "offering_retired"


class SettingsRefused(InvalidInput):
    """Settings that contradict each other."""

    code = "invalid_settings"


class RulesRefused(InvalidInput):
    """Weekly hours that contradict themselves."""

    code = "invalid_availability"


class SkillsRefused(InvalidInput):
    """Too many skills, or one that is empty or too long."""
