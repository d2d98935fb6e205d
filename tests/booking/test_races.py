"""Many people in the same moment, each with a connection of their own: no slot twice, no money twice, no 5xx."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.orm import Session

from app.booking import handlers
from app.infra.db import session_scope
from app.mentors import service as mentors
from app.mentors.service import WeeklyRule
from app.payments.events import PaymentCapturedLate
from tasks import maintenance
from tests.booking.conftest import Configure
from tests.booking.racing import at_once, tally, until_blocked, while_it_waits
from tests.booking.world import HOUR, World, read, refusal
from tests.factories.payments import tnd
from tests.patience import PATIENCE_SECONDS

CROWD = 40
AFTER_THE_DEADLINE = timedelta(minutes=16)


@pytest.fixture
def wide(world: World, configure: Configure) -> World:
    """Return the world with a connection for everybody in a crowd."""
    configure(DATABASE_POOL_SIZE=CROWD)
    maintenance.app.finalize()  # Celery binds its tasks at first use, and not for two threads at once
    return world


# Who gets the slot


def test_of_forty_people_one_gets_the_slot(wide: World) -> None:
    offering = wide.offer()
    starts_at, people = wide.slot(offering), [wide.person() for _ in range(CROWD)]

    answers = at_once([partial(wide.book, person, offering, starts_at) for person in people])

    assert tally(answers) == {201: 1, "slot_taken": CROWD - 1}


def test_of_overlapping_sessions_those_that_fit_beside_each_other_are_booked(wide: World) -> None:
    mentor = wide.mentor()
    hour, shorter = wide.offer(mentor), wide.offer(mentor, minutes=45)
    begin = read(wide.slot(hour)).replace(hour=0, minute=0)
    wanted = [(offering, starts_at) for offering in (hour, shorter) for starts_at in wide.slots(offering, 1, begin)]
    wanted = [one for one in wanted if read(one[1]) < begin + 6 * HOUR]
    people = [wide.person() for _ in wanted]

    answers = at_once([partial(wide.book, p, *one) for p, one in zip(people, wanted, strict=True)])

    counted = tally(answers)
    assert counted.keys() == {201, "slot_taken"}
    assert counted[201] <= 8
    booked = [(read(a.json["starts_at"]), read(a.json["ends_at"])) for a in answers if a.status_code == 201]
    for refused in (one for one, answer in zip(wanted, answers, strict=True) if answer.status_code != 201):
        begins, ends = read(refused[1]), read(refused[1]) + timedelta(minutes=refused[0].duration_minutes)
        assert any(b < ends and begins < e for b, e in booked), "refused, though nobody has the time"


def test_the_database_itself_refuses_what_overlaps(world: World, owner: psycopg.Connection) -> None:
    """The last wall stands behind every check: no code of ours is asked."""
    booking = world.booked(world.person(), world.offer())
    columns = "mentor_id, learner_id, offering_id, title, duration_minutes, note, amount, currency, fee_basis_points"
    times = "starts_at + interval '59 minutes', ends_at + interval '59 minutes', expires_at, created_at"
    copy = f"""
        WITH o AS (INSERT INTO payment_order SELECT gen_random_uuid(), payer_id, amount, currency, from_wallet,
            description, status, deadline, created_at FROM payment_order WHERE id = %(order)s RETURNING id)
        INSERT INTO booking (id, order_id, status, {columns}, starts_at, ends_at, expires_at, created_at)
        SELECT gen_random_uuid(), o.id, 'confirmed', {{columns}}, {times} FROM booking, o WHERE booking.id = %(id)s
    """
    ids = {"id": booking["id"], "order": booking["order"]["id"]}
    stranger, other = world.person().id, world.mentor().id
    for column, somebody, wall in (("learner_id", stranger, "mentor"), ("mentor_id", other, "learner")):
        changed = columns.replace(column, f"'{somebody}'")
        with pytest.raises(psycopg.errors.ExclusionViolation, match=f"ex_booking_{wall}"):
            owner.execute(copy.format(columns=changed), ids)


def test_one_key_sent_twenty_times_at_once_books_once(wide: World) -> None:
    learner, offering = wide.person(), wide.offer()
    starts_at = wide.slot(offering)

    answers = at_once([partial(wide.book, learner, offering, starts_at, key="once")] * 20)

    counted = tally(answers)
    assert counted.keys() <= {201, "idempotency_in_progress"}
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    assert sum("Idempotency-Replayed" not in a.headers for a in answers if a.status_code == 201) == 1
    assert wide.scalar("SELECT count(*) FROM booking") == 1
    replayed = wide.book(learner, offering, starts_at, key="once")
    assert (replayed.status_code, replayed.headers["Idempotency-Replayed"]) == (201, "true")


def test_one_learner_gets_one_of_many_mentors_at_the_same_time(wide: World) -> None:
    learner, offerings = wide.person(), [wide.offer() for _ in range(8)]
    starts_at = wide.slot(offerings[0])

    answers = at_once([partial(wide.book, learner, offering, starts_at) for offering in offerings])

    assert tally(answers) == {201: 1, "learner_busy": 7}


def test_of_eight_bookings_at_once_three_are_unpaid(wide: World) -> None:
    learner, offerings = wide.person(), [wide.offer() for _ in range(8)]
    slots = wide.slots(offerings[0])[:8]

    answers = at_once([partial(wide.book, learner, o, at) for o, at in zip(offerings, slots, strict=True)])

    assert tally(answers) == {201: 3, "too_many_unpaid": 5}


def test_two_bookings_at_once_do_not_spend_one_balance_twice(wide: World) -> None:
    learner, offerings = wide.person(money=45_000), [wide.offer() for _ in range(2)]
    slots = wide.slots(offerings[0])[:2]

    answers = at_once([partial(wide.book, learner, o, at) for o, at in zip(offerings, slots, strict=True)])

    assert sorted(answer.json["status"] for answer in answers) == ["awaiting_payment", "confirmed"]
    assert wide.wallet(learner) == (0, 0, 0)


def test_two_mentors_who_book_each_other_do_not_wait_for_ever(wide: World) -> None:
    one, other = wide.mentor(), wide.mentor()
    of_one, of_other = wide.offer(one), wide.offer(other)
    slots = wide.slots(of_one)[:3]

    answers = at_once([
        *(partial(wide.book, one, of_other, at) for at in slots),
        *(partial(wide.book, other, of_one, at) for at in slots),
    ])  # fmt: skip

    assert tally(answers) == {201: 6}


def test_everybody_ends_what_is_overdue_and_nobody_is_in_anybodys_way(wide: World) -> None:
    """Two people hold wallet money in each other's wanted times: ending both in different orders would deadlock."""
    people = [wide.person(money=9_000) for _ in range(3)]
    offerings = [wide.offer() for _ in range(3)]
    slots = wide.slots(offerings[0])[:3]
    for turn in range(3):
        for n, person in enumerate(people):
            wide.booked(person, offerings[(n + turn) % 3], slots[turn])
    wide.pass_time_asleep(AFTER_THE_DEADLINE)
    rivals = [wide.person() for _ in range(3)]

    answers = at_once([
        partial(wide.book, person, offering, slots[n])
        for n, offering in enumerate(offerings)
        for person in (rivals[n], people[n])
    ])  # fmt: skip

    assert tally(answers) == {201: 3, "slot_taken": 3}


def test_who_ends_several_touches_no_wallet_before_all_their_orders(world: World, owner: psycopg.Connection) -> None:
    """Money that comes for the second holds its order and waits for the wallet: the other way round is a circle."""
    learner, (first, second, third) = world.person(money=9_000), (world.offer() for _ in range(3))
    world.booked(learner, first)
    awaited = world.booked(learner, second, world.slots(second)[1])
    world.pass_time_asleep(AFTER_THE_DEADLINE)

    with ThreadPoolExecutor(1) as threads:
        with owner.transaction():
            owner.execute("SELECT FROM payment_order WHERE id = %s FOR UPDATE", [awaited["order"]["id"]])
            booking = threads.submit(world.book, learner, third, world.slots(third)[2])
            until_blocked(owner, booking)
            owner.execute("SELECT FROM ledger.account WHERE code = %s FOR UPDATE NOWAIT", [f"deposit:{learner.id}"])
        assert booking.result(PATIENCE_SECONDS).status_code == 201


def test_who_takes_up_again_touches_no_wallet_before_the_order(world: World, owner: psycopg.Connection) -> None:
    """Late money ends what is in the way first: a second payment of the same order may be coming in."""
    learner, (wanted, other) = world.person(money=9_000), (world.offer() for _ in range(2))
    expired = world.booked(learner, wanted)
    world.pass_time(AFTER_THE_DEADLINE)
    world.booked(learner, other, world.slots(other)[1])
    world.pass_time_asleep(AFTER_THE_DEADLINE)
    ids = {"payment_id": UUID(expired["payment"]["id"]), "order_id": UUID(expired["order"]["id"])}

    def apply() -> None:
        with session_scope() as session:
            handlers.apply_payment(session, PaymentCapturedLate(**ids))

    with ThreadPoolExecutor(1) as threads:
        with owner.transaction():
            owner.execute("SELECT FROM payment_order WHERE id = %s FOR UPDATE", [ids["order_id"]])
            applied = threads.submit(apply)
            until_blocked(owner, applied)
            owner.execute("SELECT FROM ledger.account WHERE code = %s FOR UPDATE NOWAIT", [f"deposit:{learner.id}"])
        applied.result(PATIENCE_SECONDS)


# A change of the mentor's, and a booking that has begun


CHANGES: dict[str, tuple[Callable[[Session, UUID, UUID], object], tuple[int, str]]] = {
    "retired": (mentors.retire_offering, (409, "slot_not_offered")),
    "shut": (lambda s, m, _: mentors.set_availability(s, m, "UTC", []), (409, "slot_not_offered")),
    "moved": (
        lambda s, m, _: mentors.set_availability(s, m, "UTC", [WeeklyRule(day, 30, 1410) for day in range(7)]),
        (409, "slot_not_offered"),
    ),
    "not accepting": (
        lambda s, m, _: mentors.change_mentor(s, m, {"accepting_bookings": False}), (409, "mentor_not_accepting"),
    ),
    "more notice": (
        lambda s, m, _: mentors.change_mentor(s, m, {"min_notice_minutes": 7 * 1440}), (409, "slot_not_offered"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_booking_goes_by_what_holds_when_it_commits(world: World, owner: psycopg.Connection, change: str) -> None:
    mentor, learner = world.mentor(), world.person()
    offering = world.offer(mentor)
    make, refused = CHANGES[change]

    answer = while_it_waits(
        lambda session: make(session, mentor.id, offering.id),
        partial(world.book, learner, offering, world.slot(offering)),
        owner,
    )

    assert refusal(answer) == refused
    assert world.scalar("SELECT count(*) FROM booking") == 0


def test_a_booking_costs_and_takes_what_the_offering_says_when_it_commits(
    world: World, owner: psycopg.Connection
) -> None:
    mentor, learner = world.mentor(), world.person()
    offering = world.offer(mentor, price=45_000, minutes=60)
    on_both_grids = next(starts_at for starts_at in world.slots(offering) if read(starts_at).hour % 2 == 0)

    answer = while_it_waits(
        lambda s: mentors.change_offering(s, mentor.id, offering.id, {"price": tnd(99_000), "duration_minutes": 120}),
        partial(world.book, learner, offering, on_both_grids),
        owner,
    )

    assert answer.json["price"]["amount"] == answer.json["order"]["amount"]["amount"] == 99_000
    assert read(answer.json["ends_at"]) - read(on_both_grids) == 2 * HOUR


# How a booking ends


def test_of_many_who_cancel_at_once_one_does(wide: World) -> None:
    mentor, learner = wide.mentor(), wide.person(money=45_000)
    booking = wide.booked(learner, wide.offer(mentor))

    answers = at_once([partial(wide.cancel, person, booking) for person in (learner, mentor) * 4])

    assert tally(answers) == {200: 1, "illegal_transition": 7}
    assert wide.wallet(learner) == (45_000, 0, 0)
    assert wide.events("BookingCancelled") == 1


def test_what_is_cancelled_while_it_expires_ends_once(wide: World) -> None:
    bookings = [(learner, wide.booked(learner, wide.offer())) for learner in (wide.person(money=9) for _ in range(5))]
    wide.pass_time_asleep(AFTER_THE_DEADLINE)

    answers = at_once([*(partial(wide.cancel, *one) for one in bookings), *[maintenance.expire_bookings] * 4])[:5]

    for (learner, booking), answer in zip(bookings, answers, strict=True):
        ended = wide.booking(learner, booking)["status"]
        assert (answer.status_code, ended) in {(200, "cancelled"), (409, "expired")}
        assert wide.wallet(learner) == (9, 0, 0)
    assert wide.events("BookingCancelled") + wide.events("BookingExpired") == 5


def test_money_that_comes_while_a_booking_expires_confirms_it_before_or_after(wide: World) -> None:
    bookings = [(learner, wide.booked(learner, wide.offer())) for learner in (wide.person() for _ in range(5))]
    wide.pass_time_asleep(AFTER_THE_DEADLINE)

    at_once([*(partial(wide.pay, booking, drain=False) for _, booking in bookings), *[maintenance.expire_bookings] * 2])
    wide.drain()

    assert {wide.booking(*one)["status"] for one in bookings} == {"confirmed"}


def test_money_that_comes_while_a_booking_is_cancelled_ends_in_the_wallet(wide: World) -> None:
    bookings = [(learner, wide.booked(learner, wide.offer())) for learner in (wide.person() for _ in range(5))]

    at_once([
        *(partial(wide.pay, booking, drain=False) for _, booking in bookings),
        *(partial(wide.cancel, *one) for one in bookings),
    ])  # fmt: skip
    wide.drain()

    for learner, booking in bookings:
        assert wide.booking(learner, booking)["status"] == "cancelled"
        assert wide.wallet(learner) == (45_000, 0, 0)


def test_late_money_and_a_new_booking_do_not_both_get_the_slot(wide: World) -> None:
    late = [(learner, wide.offer()) for learner in (wide.person() for _ in range(5))]
    bookings = [wide.booked(*one) for one in late]
    wide.pass_time(AFTER_THE_DEADLINE)
    for booking in bookings:
        wide.pay(booking, drain=False)

    wanted = [partial(wide.book, wide.person(), o, b["starts_at"]) for (_, o), b in zip(late, bookings, strict=True)]
    *_, answers = at_once([wide.drain, partial(at_once, wanted)])

    for (learner, _), booking, answer in zip(late, bookings, answers, strict=True):
        outcome = (wide.booking(learner, booking)["status"], answer.status_code)
        assert outcome in {("confirmed", 409), ("paid_late", 201)}


def test_a_slot_is_free_in_the_moment_in_which_it_is_given_up(wide: World) -> None:
    learner, offering = wide.person(money=45_000), wide.offer()
    booking = wide.booked(learner, offering)

    cancelled, *answers = at_once([
        partial(wide.cancel, learner, booking),
        *(partial(wide.book, wide.person(), offering, booking["starts_at"]) for _ in range(6)),
    ])  # fmt: skip

    assert cancelled.status_code == 200
    assert tally(answers).get(201, 0) <= 1
    assert set(tally(answers)) <= {201, "slot_taken"}
