"""Identifiers: RFC 9562 §5.7, so that rows made together lie together in an index."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

from app.kernel.ids import new_id


def milliseconds(made):
    return made.int >> 80


def test_an_id_has_the_layout_of_version_7():
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == RFC_4122
    assert before <= milliseconds(made) <= after


def test_the_time_in_an_id_can_be_read():
    stamped = datetime.fromtimestamp(milliseconds(new_id()) / 1000, tz=UTC)
    assert abs(datetime.now(tz=UTC) - stamped) < timedelta(hours=1)


def test_a_later_id_sorts_behind_an_earlier_one_as_number_and_as_text():
    earlier = new_id()
    time.sleep(0.002)
    later = new_id()
    assert earlier < later
    assert str(earlier) < str(later)


def test_ids_of_one_moment_differ():
    assert len({new_id() for _ in range(50_000)}) == 50_000


def test_all_74_random_bits_are_used():
    seen = 0
    for _ in range(200):
        seen |= new_id().int
    assert seen & 0xFFF << 64 == 0xFFF << 64
    assert seen & (1 << 62) - 1 == (1 << 62) - 1
