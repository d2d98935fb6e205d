"""Events go to their payload and come back."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass
from uuid import UUID

import pytest

from app.kernel.events import Event
from app.kernel.ids import new_id


@dataclass(frozen=True, kw_only=True)
class SlotTaken(Event):
    slot_id: UUID
    taker_id: UUID


def test_a_fact_comes_back_from_its_payload():
    fact = SlotTaken(slot_id=new_id(), taker_id=new_id())
    assert fact.payload() == {"slot_id": str(fact.slot_id), "taker_id": str(fact.taker_id)}
    assert SlotTaken.from_payload(fact.payload()) == fact


def test_a_fact_bears_the_name_of_its_class():
    assert SlotTaken.type_name() == "SlotTaken"


def test_a_payload_may_have_grown_since():
    fact = SlotTaken(slot_id=new_id(), taker_id=new_id())
    assert SlotTaken.from_payload(fact.payload() | {"added_later": str(new_id())}) == fact


def test_a_fact_does_not_change():
    fact = SlotTaken(slot_id=new_id(), taker_id=new_id())
    with pytest.raises(FrozenInstanceError):
        fact.slot_id = new_id()


@pytest.mark.parametrize("payload", [{}, {"slot_id": "no id", "taker_id": "no id"}])
def test_what_is_no_payload_is_refused(payload):
    with pytest.raises((KeyError, ValueError)):
        SlotTaken.from_payload(payload)
