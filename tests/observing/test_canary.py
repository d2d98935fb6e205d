"""A person with a name that nobody else has meets everything that can fail; then it is looked for everywhere."""

from __future__ import annotations

from tests.observing.conftest import check_ins_and_outs, failures


def test_nothing_personal_and_no_secret_leaves(played):
    places = {
        "Sentry": played.sentry.text,
        "logs": played.world.text,
        "broker": played.wire.text,
        "traces": played.collector.text,
    }
    assert all(len(text) > 5_000 for text in places.values()), {name: len(text) for name, text in places.items()}
    places["metrics"] = played.world.get("/metrics").text
    found = [(secret, name) for name, text in places.items() for secret in played.secrets if secret in text]
    assert found == []


def test_the_listeners_hear_what_is_said(played):
    """Otherwise the silence above would say nothing."""
    assert "amana_" in played.world.get("/metrics").text
    assert '"task-failed"' in played.wire.text
    assert "tasks.payments.close_attempts" in played.wire.text
    assert "ck_tripwire_note" in played.world.text
    assert "a delivery is dead" in played.world.text
    assert played.world.text.count("a request could not be read") == 5
    assert '"method": "other", "route": "unknown"' in played.world.text


def test_a_request_that_fails_is_reported_with_its_route_its_place_and_its_id(played):
    event = failures(played.sentry)["/api/v1/bookings"]
    assert event["tags"]["correlation_id"] == played.outage_id == "the-outage"
    *_, error = event["exception"]["values"]
    assert (error["type"], error["mechanism"]["handled"]) == ("IntegrityError", True)
    assert "ck_tripwire_note" in error["value"]
    assert "app.booking.service.book" in {frame["module"] for frame in error["stacktrace"]["frames"]}
    assert {name for frame in error["stacktrace"]["frames"] for name in frame} == {
        "filename", "function", "in_app", "lineno", "module",
    }  # fmt: skip


def test_a_task_and_a_sweep_that_fail_are_reported_under_their_names(played):
    reported = failures(played.sentry)
    assert {"tasks.payments.close_attempts", "tasks.maintenance.expire_bookings"} <= reported.keys()
    assert reported["tasks.payments.close_attempts"]["exception"]["values"][-1]["type"] == "IntegrityError"


def test_what_was_given_up_is_reported_as_an_issue_of_its_task(played):
    told = {event["message"]: event for event in played.sentry.items("event") if "message" in event}
    event = told["Given up: tasks.payments.close_attempts"]
    assert (event["level"], event["fingerprint"]) == ("fatal", ["dead letter: tasks.payments.close_attempts"])


def test_a_sweep_that_beat_starts_checks_in_and_out_again(played):
    checks = {begun["monitor_slug"]: (begun, ended) for begun, ended in check_ins_and_outs(played.sentry)}
    begun, ended = checks["check-books"]
    assert begun["monitor_config"]["schedule"] == {"type": "interval", "value": 1, "unit": "minute"}
    assert ended["monitor_slug"] == "check-books"
    assert "poll-payments" not in checks, "a sweep of every few seconds"
