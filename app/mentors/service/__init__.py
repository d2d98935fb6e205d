"""The use cases of mentors. What `booking` needs is in booked.py."""

from app.mentors.rules import Schedule, Stretch, WeeklyRule, stretches
from app.mentors.service.availability import Availability, get_availability, schedule_of, set_availability
from app.mentors.service.booked import lock_mentor, lock_offering
from app.mentors.service.offerings import (
    OfferingView,
    change_offering,
    create_offering,
    get_offering,
    list_offerings,
    retire_offering,
)
from app.mentors.service.profiles import (
    MentorView,
    become_mentor,
    change_mentor,
    get_mentor,
    list_mentors,
)

__all__ = [
    "Availability",
    "MentorView",
    "OfferingView",
    "Schedule",
    "Stretch",
    "WeeklyRule",
    "become_mentor",
    "change_mentor",
    "change_offering",
    "create_offering",
    "get_availability",
    "get_mentor",
    "get_offering",
    "list_mentors",
    "list_offerings",
    "lock_mentor",
    "lock_offering",
    "retire_offering",
    "schedule_of",
    "set_availability",
    "stretches",
]
