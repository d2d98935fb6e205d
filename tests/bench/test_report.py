"""The bench's table: medians of the rounds that count, shares within a round, and aims that are missed."""

from __future__ import annotations

from bench import report
from bench.line import Aim, Line
from bench.timing import Measured, Timing


class Webhooks(Line):
    """A line with a limit; nobody measures it here."""

    name = "webhook"
    unit = "webhooks"
    limits = {"ours": "SQL alone"}  # noqa: RUF012 - nobody changes it
    aims = (Aim("ours", "share", least=20), Aim("ours", "rate", least=40), Aim("ours", "p95", most=40))

    def parts(self, number):
        return ()


LINE = Webhooks()


def measured(rate, *, foreign=0.0, latencies=()):
    return Measured(Timing(rate * 2, 2.0, latencies), cpu_ms=1000 / rate, foreign=foreign)


def of(ours, limits):
    """Return the rounds of both parts."""
    return {("webhook", "SQL alone"): limits, ("webhook", "ours"): ours}


def cells(rounds, part="ours"):
    """Return what the table tells of a part, by column."""
    rows = {row[1]: row for row in report.rows([LINE], rounds)}
    return dict(zip(report.HEADER, rows[part], strict=True))


def test_a_row_has_the_medians_of_its_rounds():
    ours = [measured(rate, foreign=0.02, latencies=[rate, 2 * rate, 3 * rate]) for rate in (50, 1_250, 40)]
    shown = cells(of(ours, [measured(200)] * 3))
    assert list(shown.values()) == [
        "", "ours", "50.0", "25.0 %", "20.0", "100", "150", "150", "≤ 2 %",
        "share ≥ 20 %: reached; rate ≥ 40/s: reached; p95 ≤ 40 ms: MISSED",
    ]  # fmt: skip
    shown = cells(of(ours, [measured(2_500)] * 3), "SQL alone")
    assert (shown["line"], shown["a second"], shown["of its limit"], shown["aim"]) == ("webhook", "2,500", "", "")


def test_a_share_is_taken_within_each_round():
    """A machine that was four times as quick in one round was so for both sides."""
    rounds = of([measured(10), measured(40), measured(60)], [measured(40), measured(160), measured(80)])
    assert cells(rounds)["of its limit"] == "25.0 %"  # of the medians it would be a half


def test_what_was_measured_while_others_worked_too_much_is_dropped():
    calm, busy = measured(100, foreign=0.1), measured(900, foreign=0.101)
    shown = cells(of([calm, busy, busy], [measured(200)] * 3))
    assert (shown["a second"], shown["of its limit"], shown["others' CPU"]) == ("100", "50.0 %", "≤ 10 %; 2 dropped")


def test_a_round_has_a_share_only_if_both_its_sides_count():
    busy = measured(100, foreign=0.5)
    shown = cells(of([measured(50), measured(20), busy], [busy, measured(100), measured(100)]))
    assert (shown["a second"], shown["of its limit"], shown["others' CPU"]) == ("35.0", "20.0 %", "≤ 0 %; 1 dropped")


def test_where_every_round_is_dropped_nothing_is_told_and_no_aim_reached():
    rounds = of([measured(100, foreign=0.2)] * 2, [measured(200)] * 2)
    shown = cells(rounds)
    figures = [shown[column] for column in ("a second", "of its limit", "p99 ms", "others' CPU")]
    assert figures == ["", "", "", "2 dropped"]
    assert shown["aim"].count("MISSED") == 3
    assert report.missed([LINE], rounds)[0] == "webhook, ours: share ≥ 20 %, measured nothing: others were busy"


def test_what_falls_short_of_an_aim_by_a_hair_does_not_look_like_it():
    rounds = of([measured(1_999, latencies=[1])], [measured(10_000)])
    shown = cells(rounds)
    assert (shown["of its limit"], shown["aim"].split(";")[0]) == ("19.9 %", "share ≥ 20 %: MISSED")
    assert report.missed([LINE], rounds) == ["webhook, ours: share ≥ 20 %, measured 19.9 %"]
    rounds = of([measured(2_000, latencies=[1])], [measured(10_000)])
    assert cells(rounds)["of its limit"] == "20.0 %"
    assert report.missed([LINE], rounds) == []
