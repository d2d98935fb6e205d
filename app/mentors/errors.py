"""What the mentors room refuses."""

from __future__ import annotations

from app.kernel.errors import InvalidInput, NotFound, Refusal


class MentorNotFound(NotFound):
    """There is no such mentor."""


class OfferingNotFound(NotFound):
    """There is no such offering, or it is not yours to change."""


class AlreadyMentor(Refusal):
    """You are a mentor already: change what is said of you with PATCH /mentors/me.

    A user is a mentor once, under the same id. GET /api/v1/me shows it as `mentor_id`.
    """

    code = "already_mentor"


class OfferingRetired(Refusal):
    """This offering is retired and stays as its bookings know it: make a new one.

    Bookings show it as it was. POST /api/v1/mentors/me/offerings makes a new one.
    """

    code = "offering_retired"


class SettingsRefused(InvalidInput):
    """Settings that contradict each other.

    A notice that is longer than the horizon would leave no slot at all.
    """

    code = "invalid_settings"


class RulesRefused(InvalidInput):
    """Weekly hours that contradict themselves.

    On one weekday rules must not overlap or run backwards. For hours over midnight write two: until 24:00, and from
    00:00 on the next day.
    """

    code = "invalid_availability"


class SkillsRefused(InvalidInput):
    """Too many skills, or one that is empty or too long."""
