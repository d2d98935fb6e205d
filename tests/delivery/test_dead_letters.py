"""Dead letters: what died, why, and what a person does about it. Nothing leaves by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app.infra.db import session_scope
from app.infra.outbox import dead_letters
from app.infra.outbox.dead_letters import Filter
from app.kernel.clock import wall_now
from app.kernel.errors import InvalidInput, NotFound
from app.kernel.ids import new_id
from app.kernel.states import IllegalTransition

ACTOR = new_id()


def find(**wanted):
    with session_scope() as session:
        return [delivery.id for delivery in dead_letters.find(session, Filter(**wanted))]


def replay(delivery):
    with session_scope() as session:
        dead_letters.replay(session, delivery)


def discard(delivery, reason="the customer was called"):
    with session_scope() as session:
        dead_letters.discard(session, delivery, reason=reason, actor=ACTOR)


@pytest.fixture
def dead(carrier, events):
    """Return three deliveries that died, the latest first: a call that could never succeed, and two notes."""

    def die(event, how):
        delivery = carrier.record(event, how=how)
        while carrier.state(delivery) != "dead":
            carrier.carry(delivery)
        return delivery

    found = [die(events.Noted, "never"), die(events.Noted, "fail"), die(events.Called, "never")]
    carrier.record(events.Noted)
    return found[::-1]


def test_all_that_is_dead_is_found_the_latest_first(dead):
    assert find() == dead


def test_the_search_narrows(dead):
    call, failed, never = dead
    assert find(task="tests.delivery.probes.note") == [failed, never]
    assert find(queue="calendar") == [call]
    assert find(event_type="Called") == [call]
    assert find(error="PermanentFailure") == [call, never]
    assert find(error="TransientFailure: not") == [failed]
    assert find(error="%") == []
    assert find(error="PermanentFailure", queue="maintenance") == [never]
    assert find(task="tasks.nowhere") == []


def test_the_search_goes_by_the_time_of_death(carrier, dead):
    call, *_ = dead
    carrier.owner.execute("UPDATE delivery SET finished_at = now() - interval '3 hours' WHERE id <> %s", [call])
    assert find(died_after=wall_now() - timedelta(hours=1)) == [call]
    assert find(died_after=wall_now() - timedelta(hours=4)) == dead


def test_the_list_goes_on_page_by_page(carrier, dead):
    with session_scope() as session:
        first = dead_letters.find(session, Filter(), limit=2)
        rest = dead_letters.find(session, Filter(), before_seq=first[-1].seq, limit=2)
    assert [delivery.id for delivery in (*first, *rest)] == dead


def test_one_is_shown_with_its_fact_and_every_attempt(carrier, dead):
    _, failed, _ = dead
    with session_scope() as session:
        letter = dead_letters.show(session, failed)
        assert (letter.delivery.id, letter.event.type) == (failed, "Noted")
        assert [(attempt.n, attempt.outcome) for attempt in letter.attempts] == [
            (1, "retry"),
            (2, "retry"),
            (3, "dead"),
        ]
        assert all("probes.py" in attempt.traceback for attempt in letter.attempts)


def test_what_never_was_cannot_be_shown(carrier):
    with session_scope() as session, pytest.raises(NotFound):
        dead_letters.show(session, new_id())


def test_a_replay_has_a_fresh_budget_and_keeps_its_history(carrier, dead):
    _, failed, _ = dead
    replay(failed)
    row = carrier.row(failed)
    assert (row["state"], row["attempts"], row["attempts_left"], row["finished_at"]) == ("pending", 3, 3, None)
    assert failed not in find()
    carrier.owner.execute("DELETE FROM behaviour")
    assert carrier.carry(failed) == "ended"
    assert [attempt["outcome"] for attempt in carrier.attempts(failed)] == ["retry", "retry", "dead", "done"]


def test_a_replay_that_dies_again_is_reported_again(carrier, dead):
    call, *_ = dead
    before = len(carrier.deaths())
    replay(call)
    carrier.carry(call)
    assert carrier.state(call) == "dead"
    assert len(carrier.deaths()) == before + 1


def test_what_is_not_dead_is_not_replayed(carrier, dead):
    call, *_ = dead
    replay(call)
    with pytest.raises(IllegalTransition, match="Only a dead delivery can be replayed; this one is pending"):
        replay(call)
    with pytest.raises(NotFound):
        replay(new_id())


def test_of_ten_operators_at_once_one_replays(carrier, dead):
    call, *_ = dead

    def try_to(_):
        try:
            replay(call)
        except IllegalTransition:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(try_to, range(10))) == 1


def test_a_filter_replays_all_that_fit_and_nothing_else(carrier, dead):
    call, failed, never = dead
    with session_scope() as session:
        assert set(dead_letters.replay_all(session, Filter(queue="maintenance"), limit=10)) == {failed, never}
    assert find() == [call]
    with session_scope() as session:
        assert dead_letters.replay_all(session, Filter(queue="maintenance"), limit=10) == []


def test_a_filter_replays_up_to_its_limit(carrier, dead):
    call, *rest = dead
    with session_scope() as session:
        assert dead_letters.replay_all(session, Filter(), limit=1) == [call]
    assert find() == rest


def test_of_many_filters_at_once_each_letter_is_replayed_by_one(carrier, dead):
    def replay_all(_):
        with session_scope() as session:
            return list(dead_letters.replay_all(session, Filter(), limit=10))

    with ThreadPoolExecutor(5) as pool:
        replayed = [delivery for one in pool.map(replay_all, range(5)) for delivery in one]
    assert sorted(replayed) == sorted(dead)


def test_what_is_given_up_keeps_who_and_why(carrier, dead):
    call, *rest = dead
    discard(call)
    row = carrier.row(call)
    assert (row["state"], row["discard_reason"], row["discarded_by"]) == ("discarded", "the customer was called", ACTOR)
    assert find() == rest
    assert call not in carrier.publish()


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_nothing_is_given_up_without_a_reason(carrier, dead, reason):
    call, *_ = dead
    with pytest.raises(InvalidInput) as refusal:
        discard(call, reason)
    assert refusal.value.pointer == "/reason"
    assert carrier.state(call) == "dead"


def test_what_is_given_up_stays_given_up(carrier, dead):
    call, *_ = dead
    discard(call)
    for again in (replay, discard):
        with pytest.raises(IllegalTransition, match="this one is discarded"):
            again(call)
    assert carrier.row(call)["discard_reason"] == "the customer was called"
