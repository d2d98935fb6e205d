"""No fact without a row in the choreography, no row without a task that a worker knows."""

from __future__ import annotations

from dataclasses import fields
from typing import get_type_hints
from uuid import UUID

import pytest

from app.kernel.events import Event
from tests.architecture.house import modules, subclasses


@pytest.fixture(scope="module")
def reactions(services):
    from app.choreography import REACTIONS  # noqa: PLC0415 - imported as the last of the house

    return [(event, reaction) for event, row in REACTIONS.items() for reaction in row]


@pytest.fixture(scope="module")
def worker(services):
    from tasks.worker import app  # noqa: PLC0415 - it reads the settings, which `services` has set

    app.loader.import_default_modules()
    return app


def test_every_event_stands_in_the_choreography(services):
    from app.choreography import REACTIONS  # noqa: PLC0415 - it imports every room

    assert subclasses(Event) == set(REACTIONS)


def test_the_names_of_events_are_unique():
    names = [event.type_name() for event in subclasses(Event)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "event", sorted(subclasses(Event), key=lambda event: event.__name__), ids=lambda event: event.__name__
)
def test_an_event_holds_ids_only(event):
    assert event.__dataclass_params__.frozen
    assert {get_type_hints(event)[field.name] for field in fields(event)} <= {UUID}


def test_every_task_of_the_choreography_is_registered(reactions, worker):
    assert {reaction.task for _, reaction in reactions} <= set(worker.tasks)


def test_every_queue_of_the_choreography_is_consumed(reactions, worker):
    assert {reaction.queue for _, reaction in reactions} <= {queue.name for queue in worker.conf.task_queues}


def test_what_an_order_goes_by_is_a_field_of_the_event(reactions):
    for event, reaction in reactions:
        assert reaction.ordered_by is None or reaction.ordered_by in {field.name for field in fields(event)}


def test_a_reaction_is_tried_and_does_not_wait_for_ever(reactions):
    for _, reaction in reactions:
        assert reaction.tries >= 1
        assert 0 < reaction.cap_seconds <= 3_600


def test_a_worker_imports_every_file_of_tasks(worker):
    list(modules("tasks"))
    files = {task.__module__ for task in worker.tasks.values() if task.__module__.startswith("tasks.")}
    assert files <= set(worker.conf.imports)


def test_beat_starts_tasks_that_are_registered_and_consumed(worker):
    for entry in worker.conf.beat_schedule.values():
        assert entry["task"] in worker.tasks
        queue = entry.get("options", {}).get("queue", worker.conf.task_default_queue)
        assert queue in {queue.name for queue in worker.conf.task_queues}


def test_what_beat_starts_is_out_of_date_when_its_turn_has_come_often_enough_again(worker):
    """While no worker is there nothing piles up; one whose clock is a little ahead runs it all the same."""
    for entry in worker.conf.beat_schedule.values():
        every = entry["schedule"].total_seconds()
        assert max(every, 60) <= entry["options"]["expires"] <= every + 60
