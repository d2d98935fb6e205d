"""`flask dead-letters`: the same from a terminal, with words for whoever is on call."""

from __future__ import annotations

import pytest

from app.kernel.ids import new_id


@pytest.fixture
def flask(flask_app, carrier):
    """Return a function that runs `flask dead-letters …` and returns its exit code and what it said."""

    def run(*arguments: object):
        ended = flask_app.test_cli_runner().invoke(args=["dead-letters", *map(str, arguments)])
        assert ended.exception is None or isinstance(ended.exception, SystemExit)
        return ended.exit_code, ended.output

    return run


@pytest.fixture
def dead(flask, carrier, events):
    """Return two deliveries that died: a note and, later, a call."""
    found = []
    for event in (events.Noted, events.Called):
        found.append(carrier.record(event, how="never"))
        carrier.carry(found[-1])
    return found


def test_the_list_has_a_line_for_each_the_latest_first(flask, dead):
    note, call = dead
    code, said = flask("list")
    first, second = said.splitlines()
    assert code == 0
    assert first.startswith(str(call))
    assert second.startswith(str(note))
    for part in ("1x", "tests.delivery.probes.note", "Noted", "PermanentFailure: never", "Z  "):
        assert part in second


def test_the_list_says_so_when_there_is_none(flask):
    assert flask("list") == (0, "No dead letters.\n")


@pytest.mark.parametrize(
    "options",
    [
        ("--task", "tests.delivery.probes.call"),
        ("--queue", "calendar"),
        ("--event", "Called"),
        ("--limit", "1"),
        ("--event", "Called", "--error", "PermanentFailure", "--since", "2h"),
    ],
)
def test_options_narrow_the_list(flask, dead, options):
    _, said = flask("list", *options)
    assert [line.split()[0] for line in said.splitlines()] == [str(dead[1])]


@pytest.mark.parametrize("since", ["90s", "15m", "2h", "3d", "2020-01-01T00:00:00Z"])
def test_since_is_a_duration_or_a_time(flask, dead, since):
    assert len(flask("list", "--since", since)[1].splitlines()) == 2


@pytest.mark.parametrize("since", ["2090-01-01T00:00:00+01:00", "0s"])
def test_what_died_before_is_left_out(flask, dead, since):
    assert flask("list", "--since", since) == (0, "No dead letters.\n")


@pytest.mark.parametrize("since", ["yesterday", "2h30m", "2026-11-20T14:00:00", "-1h", ""])
def test_another_since_is_refused_with_the_way_to_write_it(flask, since):
    code, said = flask("list", "--since", since)
    assert code == 2
    assert "--since" in said
    assert "90s, 15m, 2h or 3d" in said


def test_one_is_shown_with_its_fact_and_its_traceback(flask, dead):
    note, _ = dead
    code, said = flask("show", note)
    assert code == 0
    for part in (
        f"delivery     {note}: dead, 1 attempts of 3",
        "task         tests.delivery.probes.note on maintenance",
        "event        Noted",
        "thing_id",
        "request id   ",
        "attempt 1: dead after",
        "PermanentFailure: never",
        "Traceback (most recent call last)",
    ):
        assert part in said


def test_named_deliveries_are_sent_again(flask, carrier, dead):
    note, call = dead
    assert flask("replay", note) == (0, "1 delivery will be sent again.\n")
    assert (carrier.state(note), carrier.state(call)) == ("pending", "dead")


def test_when_one_of_the_named_is_not_dead_none_is_sent(flask, carrier, dead):
    note, call = dead
    flask("replay", call)
    code, said = flask("replay", note, call)
    assert (code, said) == (1, "Error: Only a dead delivery can be replayed; this one is pending.\n")
    assert carrier.state(note) == "dead"


@pytest.mark.parametrize(
    ("options", "count"), [(("--all",), 2), (("--queue", "calendar"), 1), (("--all", "--limit", "1"), 1)]
)
def test_a_dry_run_tells_what_a_replay_then_does(flask, carrier, dead, options, count):
    deliveries = "1 delivery" if count == 1 else f"{count} deliveries"
    code, said = flask("replay", *options, "--dry-run")
    *lines, total = said.splitlines()
    assert (code, len(lines), total) == (0, count, f"{deliveries} would be sent again.")
    assert {carrier.state(delivery) for delivery in dead} == {"dead"}
    assert flask("replay", *options) == (0, f"{deliveries} will be sent again.\n")
    assert [carrier.state(delivery) for delivery in dead].count("pending") == count
    assert all(carrier.state(line.split()[0]) == "pending" for line in lines)


@pytest.mark.parametrize("arguments", [(), ("--dry-run",), (str(new_id()), "--all"), (str(new_id()), "--queue", "x")])
def test_a_replay_of_everything_has_to_be_meant(flask, carrier, dead, arguments):
    code, said = flask("replay", *arguments)
    assert code == 2
    assert "Name deliveries, or narrow by options, or say --all" in said
    assert {carrier.state(delivery) for delivery in dead} == {"dead"}


def test_named_deliveries_are_given_up_with_a_reason(flask, carrier, dead):
    assert flask("discard", *dead, "--reason", "paid by hand") == (0, "2 deliveries given up.\n")
    assert {carrier.row(delivery)["discard_reason"] for delivery in dead} == {"paid by hand"}
    assert "given up     paid by hand" in flask("show", dead[0])[1]


@pytest.mark.parametrize(("reason", "exit_code"), [((), 2), (("--reason", " "), 1)])
def test_nothing_is_given_up_without_a_reason(flask, carrier, dead, reason, exit_code):
    code, said = flask("discard", *dead, *reason)
    assert code == exit_code
    assert "reason" in said or "Say why" in said
    assert {carrier.state(delivery) for delivery in dead} == {"dead"}


@pytest.mark.parametrize("command", [("show",), ("replay",), ("discard", "--reason", "x")])
def test_what_never_was_is_named(flask, command):
    nobody = new_id()
    assert flask(*command, nobody) == (1, f"Error: There is no delivery {nobody}.\n")


@pytest.mark.parametrize("command", [("show",), ("replay",), ("discard", "--reason", "x")])
def test_what_is_no_id_is_refused(flask, command):
    code, said = flask(*command, "42")
    assert code == 2
    assert "'42' is not a valid UUID" in said


@pytest.mark.parametrize(
    ("command", "tells"),
    [
        ((), ["list", "show", "replay", "discard", "Work that ran out of attempts"]),
        (("list",), ["--task", "--queue", "--event", "--error", "--since", "--limit"]),
        (("replay",), ["--dry-run", "--all", "fresh budget", "flask --app wsgi dead-letters replay"]),
        (("discard",), ["--reason", "required"]),
    ],
)
def test_help_helps(flask, command, tells):
    code, said = flask(*command, "--help")
    assert code == 0
    assert all(part in said for part in tells), said
