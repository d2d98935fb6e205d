"""How a booking is refused, and how it fails."""

from __future__ import annotations

from app.kernel.errors import Forbidden, NotFound, PermanentFailure, Refusal


class NoSuchBooking(NotFound):
    """There is no such booking, or it is not yours."""


class SlotTaken(Refusal):
    """Somebody else has this time: choose another slot."""

    code = "slot_taken"


class SlotNotOffered(Refusal):
    """The mentor does not offer this time: choose one that GET /mentors/{id}/slots lists."""

    code = "slot_not_offered"


class MentorNotAccepting(Refusal):
    """This mentor takes no bookings at the moment."""

    code = "mentor_not_accepting"


class OwnSession(Refusal):
    """Nobody books a session with themselves."""

    code = "own_session"


class LearnerBusy(Refusal):
    """You have another session at this time."""

    code = "learner_busy"


class TooManyUnpaid(Refusal):
    """Pay or cancel one of your unpaid bookings first."""

    code = "too_many_unpaid"


class TooLateToCancel(Refusal):
    """It is too late to cancel this session."""

    code = "too_late_to_cancel"


class MentorDataMissing(PermanentFailure):
    """A confirmed booking names people that are not known: nobody can be told where to meet."""


class OwnDispute(Forbidden):
    """You are one of the two people of this dispute: somebody else must decide it."""

    code = "own_dispute"
