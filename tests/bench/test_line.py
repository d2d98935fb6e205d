"""What a line of the bench must reach."""

from __future__ import annotations

import pytest

from bench.line import Aim


@pytest.mark.parametrize(
    ("aim", "reached", "not_reached"),
    [
        (Aim("ours", "rate", least=150), (150, 151), (149.9, 0)),
        (Aim("ours", "p99", most=40), (0, 40), (40.1, 400)),
        (Aim("ours", "share", least=20, most=100), (20, 100), (19.9, 100.1)),
    ],
)
def test_an_aim_is_reached_at_its_bound_and_on_the_right_side_of_it(aim, reached, not_reached):
    assert [aim.is_reached_by(value) for value in (*reached, *not_reached)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("aim", "words"),
    [
        (Aim("ours", "rate", least=150), "rate ≥ 150/s"),
        (Aim("ours", "share", least=20), "share ≥ 20 %"),
        (Aim("ours", "p99", most=40), "p99 ≤ 40 ms"),
        (Aim("ours", "p50", most=0.5), "p50 ≤ 0.5 ms"),
    ],
)
def test_an_aim_is_said_with_its_unit(aim, words):
    assert str(aim) == words
