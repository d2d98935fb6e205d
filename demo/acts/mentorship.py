"""One of them becomes a mentor: what he offers, when he is open, and where his sessions shall stand."""

from __future__ import annotations

from demo.caller import Caller
from demo.dinars import priced
from demo.failures import expect
from demo.offers import WORKDAYS, Offering, open_on, weekly_hours
from demo.sessions import TIMEZONE, Offered
from demo.stage import Stage

PROFILE = {"headline": "Databases, from the plan up", "bio": "Twenty years of them.", "skills": ["postgres"]}
PLANS = Offering("Reading query plans", "Bring one.", 50, 33_337)  # millimes that nothing divides
CHAT = Offering("A look at an index", "Bring one.", 20, 12_500)
OPEN = [("09:00", "12:20"), ("14:00", "17:20")]


def play(stage: Stage, mounir: Caller) -> tuple[Offered, Offered]:
    """Return what Mounir offers: the session of the story, and a short one."""
    stage.screen.act("Mounir becomes a mentor, and connects his Google calendar")
    mentor_id = mounir.post("/mentors", PROFILE)["id"]
    plans, chat = (_offer(stage, mounir, mentor_id, offering) for offering in (PLANS, CHAT))
    mounir.call("PUT", "/mentors/me/availability", weekly_hours(TIMEZONE, open_on(*WORKDAYS, spans=OPEN)))
    spans = " and ".join(f"{start}-{end}" for start, end in OPEN)
    stage.screen.step("Mounir", f"is open from Monday to Friday, {spans} in {TIMEZONE}")
    _connect_calendar(stage, mounir)
    return plans, chat


def _offer(stage: Stage, mounir: Caller, mentor_id: str, offering: Offering) -> Offered:
    offered = mounir.post("/mentors/me/offerings", offering.body)
    stage.screen.step("Mounir", f"offers {offering.title!r}: {offering.minutes} minutes for {priced(offering.price)}")
    return Offered(offered["id"], mentor_id, offering.title, offering.price)


def _connect_calendar(stage: Stage, mounir: Caller) -> None:
    """Go over Google's page as a browser does, and complete with what its way back says."""
    begun = mounir.post("/calendar/google/connect", {})
    back = stage.google.allow(begun["authorization_url"], mounir.email)
    stage.screen.step("Mounir", "allows it on Google's consent page, and is sent back with a code")
    calendar = mounir.post("/calendar/google/complete", {"state": back.get("state"), "code": back.get("code")})
    expect("the calendar", (calendar["status"], calendar["email"]), ("connected", mounir.email))
    stage.screen.step("Mounir", "has his calendar connected")
