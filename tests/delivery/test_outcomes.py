"""What becomes of a delivery that fails: tried again, later each time, and dead in the end, told exactly once."""

from __future__ import annotations

import pytest
from celery.exceptions import TimeLimitExceeded, WorkerLostError
from celery.signals import task_failure

from app.infra.db import session_scope
from app.infra.outbox.claim import ERROR_LIMIT, TRACEBACK_LIMIT, backoff, claim, fail, lose
from app.kernel.errors import PermanentFailure, TransientFailure, UnknownOutcome

both_kinds = pytest.mark.parametrize("event", ["Noted", "Called"])


@both_kinds
def test_success_is_recorded_with_its_effects(carrier, events, event):
    delivery = carrier.record(getattr(events, event))
    assert carrier.carry(delivery) == "ended"
    row = carrier.row(delivery)
    assert (row["state"], row["attempts"], row["lease_until"]) == ("done", 1, None)
    assert row["finished_at"] >= row["started_at"]
    [attempt] = carrier.attempts(delivery)
    assert (attempt["n"], attempt["outcome"], attempt["error"], attempt["traceback"]) == (1, "done", None, None)
    assert attempt["ended_at"] >= attempt["started_at"]
    assert attempt["worker"] == row["worker"]
    assert len(carrier.effects()) == 1


@both_kinds
@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("fail", "TransientFailure: not now"),
        ("unknown", "UnknownOutcome: who knows"),
        ("mistake", "ZeroDivisionError: a mi"),
    ],
)
def test_a_failure_leaves_no_effect_and_is_tried_again(carrier, events, event, how, error):
    delivery = carrier.record(getattr(events, event), how=how)
    assert carrier.carry(delivery) == "retried"
    row = carrier.row(delivery)
    assert (row["state"], row["attempts"], row["attempts_left"], row["lease_until"]) == ("retry", 1, 2, None)
    assert carrier.effects() == []
    [attempt] = carrier.attempts(delivery)
    assert attempt["outcome"] == "retry"
    assert attempt["error"].startswith(error)
    assert "Traceback" in attempt["traceback"]
    assert "probes.py" in attempt["traceback"]


@both_kinds
def test_what_failed_once_may_succeed_later(carrier, events, event):
    delivery = carrier.record(getattr(events, event), how="fail")
    carrier.carry(delivery)
    carrier.owner.execute("DELETE FROM behaviour")
    assert carrier.carry(delivery) == "ended"
    assert [attempt["outcome"] for attempt in carrier.attempts(delivery)] == ["retry", "done"]
    assert len(carrier.effects()) == 1


@both_kinds
def test_a_fact_that_only_a_newer_release_knows_waits_for_a_worker_of_that_release(carrier, events, event):
    """While releases change, a worker of the old one can be handed the work of the new one."""
    delivery = carrier.record(getattr(events, event))
    carrier.owner.execute("UPDATE event SET type = 'OfTomorrow'")
    assert carrier.carry(delivery) == "retried"
    assert "OfTomorrow stands in no row" in carrier.attempts(delivery)[0]["traceback"]
    assert carrier.effects() == []
    carrier.owner.execute("UPDATE event SET type = %s", [event])
    assert carrier.carry(delivery) == "ended"
    assert len(carrier.effects()) == 1


@both_kinds
def test_after_its_last_attempt_it_is_dead_and_that_is_told_once(carrier, events, event):
    delivery = carrier.record(getattr(events, event), how="fail")
    assert [carrier.carry(delivery) for _ in range(3)] == ["retried", "retried", "TransientFailure"]
    row = carrier.row(delivery)
    assert (row["state"], row["attempts"], row["attempts_left"]) == ("dead", 3, 0)
    assert row["finished_at"] is not None
    assert [attempt["outcome"] for attempt in carrier.attempts(delivery)] == ["retry", "retry", "dead"]
    assert [death["payload"] for death in carrier.deaths()] == [{"delivery_id": str(delivery)}]
    assert carrier.effects() == []
    assert delivery not in carrier.publish()


@both_kinds
def test_what_can_never_succeed_dies_at_once(carrier, events, event):
    delivery = carrier.record(getattr(events, event), how="never")
    assert carrier.carry(delivery) == "PermanentFailure"
    assert (carrier.state(delivery), carrier.row(delivery)["attempts"]) == ("dead", 1)
    assert len(carrier.deaths()) == 1


def test_the_report_of_a_death_is_work_for_the_dead_letter_queue(carrier, events):
    delivery = carrier.record(events.Noted, how="never")
    carrier.carry(delivery)
    [report] = carrier.rows("SELECT * FROM delivery WHERE queue = 'dead_letter'")
    assert (report["task"], report["state"]) == ("tasks.ops.report_dead_letter", "pending")


def test_a_death_goes_on_under_the_request_that_caused_the_work(carrier, events):
    delivery = carrier.record(events.Noted, how="never")
    carrier.carry(delivery)
    assert len({row["correlation_id"] for row in carrier.rows("SELECT correlation_id FROM event")}) == 1


def test_the_death_of_a_report_is_not_reported(carrier, events):
    delivery = carrier.record(events.Noted, how="never")
    carrier.carry(delivery)
    [report] = carrier.rows("SELECT id FROM delivery WHERE queue = 'dead_letter'")
    carrier.publish()
    with session_scope() as session:
        claimed = claim(session, report["id"], "w")
        assert fail(session, claimed, PermanentFailure("no more")) is None
    assert carrier.state(report["id"]) == "dead"
    assert len(carrier.deaths()) == 1


def test_errors_and_tracebacks_are_kept_at_a_bounded_length_and_the_end_of_a_traceback_says_most(carrier, events):
    delivery = carrier.record(events.Noted)
    carrier.publish()
    with session_scope() as session:
        fail(session, claim(session, delivery, "w"), TransientFailure("x" * 30_000 + "the end"))
    [attempt] = carrier.attempts(delivery)
    assert len(attempt["error"]) == ERROR_LIMIT
    assert len(attempt["traceback"]) == TRACEBACK_LIMIT
    assert attempt["traceback"].endswith("the end\n")


def test_the_wait_doubles_with_each_attempt_up_to_its_cap(chosen, services):
    chosen(RETRY_BASE_SECONDS="1")
    for attempt, least in [(1, 2), (2, 4), (3, 8), (4, 16), (8, 256), (9, 300), (1_000, 300)]:
        waits = [backoff(attempt, 300) for _ in range(200)]
        assert least <= min(waits) < max(waits) < least + 1
        assert max(waits) - min(waits) > 0.5  # jitter: those that failed together do not come back together


@pytest.mark.parametrize(
    ("error", "least"),
    [
        (TransientFailure("later", retry_after=90), 90),
        (TransientFailure("later", retry_after=0), 2),
        (TransientFailure("later"), 2),
        (UnknownOutcome("?"), 2),
    ],
)
def test_nobody_is_asked_again_before_the_time_they_named(chosen, services, error, least):
    chosen(RETRY_BASE_SECONDS="1")
    assert least <= backoff(1, 4, error) < least + 1


def test_a_failed_delivery_waits_in_the_database_and_not_in_the_broker(carrier, events, chosen):
    delivery = carrier.record(events.Noted, how="wait")
    assert carrier.carry(delivery) == "retried"
    waits = carrier.rows("SELECT extract(epoch FROM available_at - now()) AS seconds FROM delivery")[0]["seconds"]
    assert 5 < waits <= 90  # without being asked to wait, no more than 4
    assert carrier.publish() == []
    carrier.backdate("available_at", 95)
    assert carrier.publish() == [delivery]


def test_an_outcome_without_effects_is_recorded_too(carrier, events):
    """`open_checkout` of a payment that is closed by now has nothing to write: the delivery is done all the same."""
    delivery = carrier.record(events.Looked)
    assert carrier.carry(delivery) == "ended"
    assert (carrier.state(delivery), carrier.effects()) == ("done", [])


def test_a_worker_that_dies_with_a_lease_costs_one_attempt(carrier, events):
    delivery = carrier.record(events.Called)
    carrier.publish()
    with session_scope() as session:
        claim(session, delivery, "w")
    with session_scope() as session:
        lose(session, delivery, worker="main", error="Worker exited prematurely: signal 9 (SIGKILL)")
    row = carrier.row(delivery)
    assert (row["state"], row["attempts"], row["attempts_left"], row["lease_until"]) == ("retry", 1, 2, None)
    assert [(attempt["n"], attempt["outcome"]) for attempt in carrier.attempts(delivery)] == [(1, "lost")]


def test_a_worker_that_dies_in_its_one_transaction_costs_one_attempt_as_well(carrier, events):
    delivery = carrier.record(events.Noted)
    carrier.publish()
    with session_scope() as session:
        lose(session, delivery, worker="main", error="Worker exited prematurely")
    row = carrier.row(delivery)
    assert (row["state"], row["attempts"], row["attempts_left"]) == ("retry", 1, 2)


def test_work_that_kills_its_workers_is_dead_after_its_tries_and_that_is_told_once(carrier, events):
    delivery = carrier.record(events.Noted)
    for _ in range(3):
        carrier.owner.execute("UPDATE delivery SET available_at = now()")
        assert delivery in carrier.publish()
        with session_scope() as session:
            lose(session, delivery, worker="main", error="Worker exited prematurely")
    assert carrier.state(delivery) == "dead"
    assert carrier.row(delivery)["finished_at"] is not None
    assert [attempt["outcome"] for attempt in carrier.attempts(delivery)] == ["lost"] * 3
    assert len(carrier.deaths()) == 1


@pytest.mark.parametrize("state", ["done", "dead", "pending", "retry", "discarded"])
def test_what_was_over_before_the_worker_died_stays_as_it_is(carrier, events, state):
    delivery = carrier.record(events.Noted)
    carrier.owner.execute("UPDATE delivery SET state = %s", [state])
    with session_scope() as session:
        lose(session, delivery, worker="main", error="Worker exited prematurely")
    assert (carrier.state(delivery), carrier.attempts(delivery)) == (state, [])


@pytest.mark.parametrize("error", [WorkerLostError("signal 9 (SIGKILL)"), TimeLimitExceeded(50)])
def test_the_main_process_of_a_worker_records_what_its_children_lost(carrier, events, error):
    delivery = carrier.record(events.Called)
    carrier.publish()
    with session_scope() as session:
        claim(session, delivery, "w")
    task_failure.send(sender=None, task_id=str(delivery), exception=error)
    assert carrier.state(delivery) == "retry"
    [attempt] = carrier.attempts(delivery)
    assert (attempt["outcome"], attempt["error"]) == ("lost", str(error))


def test_an_ordinary_failure_is_recorded_by_the_child_alone(carrier, events):
    delivery = carrier.record(events.Called)
    carrier.publish()
    task_failure.send(sender=None, task_id=str(delivery), exception=ZeroDivisionError())
    assert carrier.attempts(delivery) == []
