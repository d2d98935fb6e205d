"""How a booking is refused, and how it fails."""

from __future__ import annotations

from app.kernel.errors import Forbidden, NotFound, PermanentFailure, Refusal


class NoSuchBooking(NotFound):
    """There is no such booking, or it is not yours."""


class SlotTaken(Refusal):
    """Somebody else has this time: choose another slot.

    GET /api/v1/mentors/{id}/slots lists what is free now. Nothing was booked, nothing is held.
    """

    code = "slot_taken"


class SlotNotOffered(Refusal):
    """The mentor does not offer this time: choose one that GET /mentors/{id}/slots lists.

    A session begins where the mentor's weekly hours and the length of the offering put it, after the notice and
    before the horizon. Send `starts_at` as the list shows it.
    """

    code = "slot_not_offered"


class MentorNotAccepting(Refusal):
    """This mentor takes no bookings at the moment.

    The mentor has closed the diary for new bookings; what was booked stays. `accepting_bookings` of the mentor
    shows when it is open again.
    """

    code = "mentor_not_accepting"


class OwnSession(Refusal):
    """Nobody books a session with themselves.

    Mentors learn from other mentors: book one of theirs.
    """

    code = "own_session"


class LearnerBusy(Refusal):
    """You have another session at this time.

    GET /api/v1/bookings?when=upcoming lists your sessions. Cancel the other one first, or choose another slot.
    """

    code = "learner_busy"


class TooManyUnpaid(Refusal):
    """Pay or cancel one of your unpaid bookings first.

    An unpaid booking keeps its slot for a while, so there is a bound to how many one learner has. GET
    /api/v1/bookings?status=awaiting_payment lists yours; they also end by themselves.
    """

    code = "too_many_unpaid"


class TooLateToCancel(Refusal):
    """It is too late to cancel this session.

    The sentence says until when it could be cancelled. A mentor may cancel until the start. After the session a
    problem can be reported instead.
    """

    code = "too_late_to_cancel"


class MentorDataMissing(PermanentFailure):
    """A confirmed booking names people that are not known: nobody can be told where to meet."""


class OwnDispute(Forbidden):
    """You are one of the two people of this dispute: somebody else must decide it.

    Who was in the session cannot decide whose the money is. Another member of support can.
    """

    code = "own_dispute"
