"""The use cases of booking, one file each; other rooms and tasks import from here."""

from app.booking.service.book import book
from app.booking.service.cancel import cancel
from app.booking.service.complete import complete, find_ended, find_releasable, release
from app.booking.service.expire import expire, find_overdue
from app.booking.service.meetings import (
    catch_up_with_calendar,
    owner_of_cancelled,
    prepare_meeting,
    record_meeting,
)
from app.booking.service.offered import list_slots
from app.booking.service.pay import open_new_payment
from app.booking.service.problems import report_problem, resolve
from app.booking.service.views import BookingPageQuery, BookingView, list_bookings, show_booking

__all__ = [
    "BookingPageQuery",
    "BookingView",
    "book",
    "cancel",
    "catch_up_with_calendar",
    "complete",
    "expire",
    "find_ended",
    "find_overdue",
    "find_releasable",
    "list_bookings",
    "list_slots",
    "open_new_payment",
    "owner_of_cancelled",
    "prepare_meeting",
    "record_meeting",
    "release",
    "report_problem",
    "resolve",
    "show_booking",
]
