"""The story: one session, from two strangers to money in escrow. Each act is a method, in the order of play."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from demo import people, starts
from demo.failures import Failed
from demo.outside import Outside
from demo.people import Account, Caller
from demo.purses import CURRENCY, Holders, Purses, dinars
from demo.screen import Screen
from demo.waiting import Look, Patience
from demo.world import World

PRICE, TOP_UP = 33_337, 10_001  #: millimes that nothing divides
REST = PRICE - TOP_UP
TITLE, MINUTES = "Reading query plans", 50
TIMEZONE = "Africa/Tunis"
OPEN = [("09:00", "12:20"), ("14:00", "17:20")]
WEBHOOKS = 3


class Story:
    """Plays on one world and shows each step; raises Failed at the first thing that is not as it must be."""

    # What an act leaves for the next ones.
    _lina: Account
    _mounir: Account
    _learner: Caller
    _mentor: Caller
    _mentor_id: str
    _offering_id: str
    _booking_id: str | None = None
    _pay_url: str

    def __init__(self, world: World, screen: Screen, patience: Patience, began: datetime) -> None:
        """Take the world to play on, and the database's time now; nothing happens yet."""
        self._world = world
        self._screen = screen
        self._patience = patience
        self._began = began
        self._outside = Outside(world.sandbox, patience)
        self._nobody = Caller(world.api, patience)
        self._payments: list[str] = []
        self._purses: dict[str, Purses] = {}

    def play(self) -> None:
        """Play all acts, in order."""
        self._two_people_register()
        self._mounir_becomes_a_mentor()
        self._lina_tops_up()
        self._lina_books()
        self._lina_pays()
        self._celery_settles()
        self._both_are_told()
        self._the_books_hold()
        self._how_fast()

    def _two_people_register(self) -> None:
        self._screen.act("Two people register and confirm their mail")
        self._mounir, self._lina = people.new_account("Mounir"), people.new_account("Lina")
        for account in (self._mounir, self._lina):
            people.register(self._nobody, account)
            self._screen.step(account.name, f"registers as {account.email}")
        self._mentor, self._learner = self._enter(self._mounir), self._enter(self._lina)

    def _enter(self, account: Account) -> Caller:
        people.confirm(self._nobody, self._outside, account)
        person = people.sign_in(self._nobody, account.email, account.password)
        self._screen.step(account.name, "opens the link in the mail, and signs in")
        return person

    def _mounir_becomes_a_mentor(self) -> None:
        self._screen.act("Mounir becomes a mentor")
        profile = {"headline": "Databases, from the plan up", "bio": "Twenty years of them.", "skills": ["postgres"]}
        self._mentor_id = self._mentor.post("/mentors", profile)["id"]
        price = {"amount": PRICE, "currency": CURRENCY}
        offering = {"title": TITLE, "description": "Bring one.", "duration_minutes": MINUTES, "price": price}
        offered = self._mentor.post("/mentors/me/offerings", offering)
        self._offering_id = offered["id"]
        self._screen.step("Mounir", f"offers {TITLE!r}: {MINUTES} minutes for {offered['price']['formatted']}")
        hours = people.weekly_hours(TIMEZONE, people.open_on(*people.WORKDAYS, spans=OPEN))
        self._mentor.call("PUT", "/mentors/me/availability", hours)
        spans = " and ".join(f"{start}-{end}" for start, end in OPEN)
        self._screen.step("Mounir", f"is open from Monday to Friday, {spans} in {TIMEZONE}")

    def _lina_tops_up(self) -> None:
        self._screen.act("Lina puts some money into her wallet")
        wanted = {"amount": {"amount": TOP_UP, "currency": CURRENCY}}
        payment = self._learner.post("/wallet/top-ups", wanted, key=secrets.token_hex(8))["id"]
        self._payments.append(payment)
        self._outside.click_pay(people.pay_link(self._learner, payment))
        people.wait_for_status(self._learner, f"/payments/{payment}", "captured")
        self._screen.step("Lina", f"pays {dinars(TOP_UP)} {CURRENCY} at Konnect: it is captured")
        self._show_money("topped up", Purses(taken=TOP_UP, learner=TOP_UP))

    def _lina_books(self) -> None:
        self._screen.act("Lina books a session")
        slot = self._choose_slot()
        key, wanted = secrets.token_hex(8), {"offering_id": self._offering_id, "starts_at": slot["starts_at"]}
        booking = self._learner.post("/bookings", wanted, key=key)
        self._expect("the new booking", booking["status"], "awaiting_payment")
        self._booking_id = booking["id"]
        self._payments.append(booking["payment"]["id"])
        self._screen.step("Lina", f"books it: the slot is hers for now, {dinars(TOP_UP)} of her wallet is held")
        again = self._learner.post("/bookings", wanted, key=key)
        self._expect("the same request under the same key", again["id"], booking["id"])
        self._screen.step("Lina", "sends it once more by mistake, under the same Idempotency-Key: still one booking")
        self._pay_url = people.pay_link(self._learner, self._payments[-1])
        self._screen.step("Konnect", f"gives a pay link for the rest, {dinars(REST)} {CURRENCY}")
        self._show_money("booked", Purses(taken=TOP_UP, held=TOP_UP))

    def _choose_slot(self) -> Any:
        now = datetime.fromisoformat(self._nobody.get("/sandbox/clock")["now"])
        window = {"from": _rfc3339(now), "to": _rfc3339(now + timedelta(days=7))}
        query = {"offering_id": self._offering_id, "timezone": TIMEZONE, **window}
        slots = self._nobody.get(f"/mentors/{self._mentor_id}/slots", query)["items"]
        if not slots:
            raise Failed(f"{TITLE!r} has no free slot within a week of {window['from']}.")
        local = datetime.fromisoformat(slots[0]["starts_at_local"])
        self._screen.step("Lina", f"finds {len(slots)} free slots in a week and takes {local:%A %d %B at %H:%M}")
        return slots[0]

    def _lina_pays(self) -> None:
        self._screen.act("Lina pays at Konnect, and the webhook comes three times")
        self._outside.order_fault("duplicate_webhooks", copies=WEBHOOKS - 1, seconds=0.2, order_id=self._payments[-1])
        self._screen.step("Sandbox", f"is ordered to call the webhook of this payment {WEBHOOKS} times")
        if dinars(REST) not in self._outside.open_pay_page(self._pay_url):
            raise Failed(f"Konnect's pay page does not ask for {dinars(REST)}: {self._pay_url}")
        self._outside.click_pay(self._pay_url)
        self._screen.step("Lina", f"opens the pay page, which asks for {dinars(REST)} {CURRENCY}, and clicks Pay")

    def _celery_settles(self) -> None:
        people.wait_for_status(self._learner, f"/payments/{self._payments[-1]}", "captured")
        self._screen.step("Celery", "has heard the webhook, asked Konnect, and captured the payment")
        booking = people.wait_for_status(self._learner, f"/bookings/{self._booking_id}", "confirmed")
        self._expect("the escrow", booking["escrow"]["status"], "funded")
        self._screen.step("Celery", f"has funded the escrow: the booking is confirmed{self._since_the_start()}")
        calls = self._wait_for_webhooks()
        self._screen.step("Konnect", f"has called {len(calls)} times and was answered {', '.join(map(str, calls))}")
        moves = [(one["kind"], one["amount"]["amount"]) for one in self._learner.get("/wallet/transactions")["items"]]
        self._expect("the history of her wallet", moves, [("fund", -PRICE), ("capture", REST), ("capture", TOP_UP)])
        self._screen.step("Lina", f"sees in her wallet +{dinars(TOP_UP)}, +{dinars(REST)} once, and -{dinars(PRICE)}")
        self._show_money("paid", Purses(taken=PRICE, escrow=PRICE))

    def _since_the_start(self) -> str:
        if not self._world.has_own_postgres:
            return ""
        return f", {starts.seconds_since_postgres_started(self._world.database_url):.1f} s after PostgreSQL started"

    def _wait_for_webhooks(self) -> list[int]:
        def look() -> Look[list[int]]:
            calls = self._outside.payment_at_konnect(self._payments[-1])["webhook_calls"]
            return Look([call["status"] for call in calls] if len(calls) >= WEBHOOKS else None, f"{len(calls)} calls")

        statuses = self._patience.until(f"{WEBHOOKS} calls of the webhook by Konnect", look)
        self._expect("the answers to the webhook", statuses, [200] * WEBHOOKS)
        return statuses

    def _show_money(self, moment: str, wanted: Purses) -> None:
        """Show where the money was at every moment so far, and refuse to go on unless it is where it must be."""
        now = Holders(self._learner, self._mentor, self._outside).look(self._payments, self._booking_id)
        self._purses[moment] = now
        self._screen.table(CURRENCY, {moment: purses.shown for moment, purses in self._purses.items()})
        self._expect("the money", now.shown, wanted.shown)

    def _both_are_told(self) -> None:
        self._screen.act("Both are told")
        for account in (self._lina, self._mounir):
            mail = self._outside.wait_for_mail(account.email, TITLE)
            self._screen.step(account.name, f"has a mail: {mail['subject']}")

    def _the_books_hold(self) -> None:
        self._screen.act("The books are checked")
        admin = people.sign_in(self._nobody, self._world.admin_email, self._world.admin_password)
        books = admin.get("/admin/books")
        account = f"escrow:{self._booking_id}"
        held = {one["account"]: one["balance"]["amount"] for one in books["clearing"]}
        self._expect("the account of this escrow in the books", held.get(account), PRICE)
        self._screen.step("Admin", f"finds {dinars(PRICE)} {CURRENCY} on {account}, and that")
        for invariant in books["invariants"]:
            self._screen.check(f"{invariant['name']} {invariant['detail']}".rstrip(), holds=invariant["holds"])
        broken = [invariant["name"] for invariant in books["invariants"] if not invariant["holds"]]
        if broken or not books["invariants"]:
            raise Failed(f"The books do not hold: {'; '.join(broken) or 'no invariant was checked'}.")

    def _how_fast(self) -> None:
        self._screen.act("How fast work starts")
        delays = starts.measure_delays(self._world.database_url, self._began)
        self._screen.step(
            "Database", f"commit → task start: p50 {delays.p50:.0f} ms, p95 {delays.p95:.0f} ms, {delays.count} tasks"
        )

    def _expect(self, what: str, seen: object, wanted: object) -> None:
        if seen != wanted:
            raise Failed(f"{what[0].upper()}{what[1:]} should be {wanted}.\nIt is {seen}.")


def _rfc3339(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
