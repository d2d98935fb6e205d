"""/metrics: who may read it, what it counts, and how things stand."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from app.infra.db import session_scope
from app.infra.metrics.pending import pending
from app.infra.outbox import record
from app.infra.outbox.events import DeliveryDied
from app.kernel.ids import new_id
from app.payments.states import LIVE, PaymentState
from tests.factories.booking import give_money
from tests.factories.identity import make_user, token_for
from tests.ops.conftest import INBOXES, count, top_up
from tests.ops.scrape import scrape
from tests.ops.test_clock import PRODUCTION

TOKEN = "c29tZXRoaW5nIHRoYXQgbm9ib2R5IGtub3dz"


@pytest.fixture(autouse=True)
def nothing_pending(client):
    """Forget what other tests have counted in this process."""
    pending.take()


# --- who may read it -------------------------------------------------------------------------------------------------


def test_in_demo_and_test_this_machine_may_read_it_and_nobody_else(client):
    assert client.get("/metrics").content_type.startswith("text/plain; version=")
    away = client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert (away.status_code, away.json["code"]) == (HTTPStatus.FORBIDDEN, "forbidden")
    assert "METRICS_TOKEN" in away.json["detail"]


def test_in_production_an_address_proves_nothing(client, setting):
    for variable, value in PRODUCTION.items():
        setting(variable, value)
    assert client.get("/metrics").status_code == HTTPStatus.FORBIDDEN
    setting("METRICS_TOKEN", TOKEN)
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == HTTPStatus.OK


def test_with_a_token_only_who_knows_it_may_read_it(client, setting, admin):
    setting("METRICS_TOKEN", TOKEN)
    for header in ("", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer é"):
        answer = client.get("/metrics", headers={"Authorization": header} if header else {})
        assert (answer.status_code, answer.json["code"]) == (HTTPStatus.UNAUTHORIZED, "unauthenticated"), header
    assert client.get("/metrics", headers=token_for(admin)).status_code == HTTPStatus.UNAUTHORIZED
    away = {"REMOTE_ADDR": "192.0.2.1"}
    right = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, environ_base=away)
    assert right.status_code == HTTPStatus.OK


def test_the_api_document_tells_how_to_be_let_in(client):
    document = client.get("/openapi.json").json
    operation = document["paths"]["/metrics"]["get"]
    assert operation["security"] == [{"metrics": []}]
    assert document["components"]["securitySchemes"]["metrics"]["scheme"] == "bearer"
    assert list(operation["responses"]["200"]["content"]) == ["text/plain"]


# --- what is counted -------------------------------------------------------------------------------------------------


def test_requests_are_counted_by_route_and_never_by_what_callers_make_up(client):
    for _ in range(3):
        client.get("/api/v1/mentors")
    client.get(f"/api/v1/mentors/{new_id()}")
    for nowhere in ("/nowhere", "/else/where"):
        client.get(nowhere)
    client.open("/api/v1/mentors", method="BREW")
    seen = scrape(client)
    requests = {key[1:]: value for key, value in seen.items() if key[0] == "amana_requests_total"}
    assert requests == {
        ("GET", "/api/v1/mentors", "200"): 3,
        ("GET", "/api/v1/mentors/<uuid:mentor_id>", "404"): 1,
        ("GET", "unknown", "404"): 2,
        ("other", "unknown", "405"): 1,
    }
    assert seen["amana_request_seconds_count", "GET", "/api/v1/mentors"] == 3


def test_the_bounds_of_a_histogram_hold_all_that_is_below_them(client):
    for _ in range(5):
        client.get("/health/live")
    page = client.get("/metrics").text
    of_live = [line for line in page.splitlines() if "seconds_bucket" in line and '"/health/live"' in line]
    values = [float(line.rpartition(" ")[2]) for line in of_live]
    assert len(values) == 12
    assert values == sorted(values)
    assert values[-1] == 5


def test_who_asked_to_wait_tells_nothing_of_how_quick_answers_are(client, canary, kill_payment):
    payment = top_up(client, canary)
    client.get(f"/api/v1/payments/{payment}", headers={**token_for(canary), "Prefer": "wait=1"})
    seen = scrape(client)
    assert seen["amana_requests_total", "GET", "/api/v1/payments/<uuid:payment_id>", "200"] == 1
    assert ("amana_request_seconds_count", "GET", "/api/v1/payments/<uuid:payment_id>") not in seen


def test_forged_pings_are_counted_and_write_no_row(client, canary, owner):
    payment = top_up(client, canary)
    for _ in range(7):
        client.get(f"/api/v1/webhooks/konnect/{payment}/forged")
    assert count(owner, "webhook_ping") == 0
    assert scrape(client)["amana_webhooks_total", "konnect", "bad_mac"] == 7


def test_attempts_are_counted_by_task_and_by_how_they_ended(client, kill_mail, drain):
    kill_mail()
    seen = scrape(client)
    assert seen["amana_deliveries_total", "dead", "tasks.identity.send_verification"] == 1
    assert seen["amana_deliveries_total", "done", "tasks.ops.report_dead_letter"] == 1
    assert seen["amana_dead_letters", "tasks.identity.send_verification"] == 1


def test_calls_to_a_gateway_are_counted_with_what_became_of_them(client, canary, drain):
    top_up(client, canary)
    drain()
    seen = scrape(client)
    tried = seen["amana_gateway_calls_total", "konnect", "create_payment", "unreachable"]
    assert tried == 10
    assert seen["amana_gateway_failures_in_a_row", "konnect"] == tried
    assert seen["amana_gateway_seconds_count", "konnect", "create_payment"] == tried
    assert seen["amana_deliveries_total", "retry", "tasks.payments.open_checkout"] == tried - 1


def test_the_canaries_own_deliveries_are_no_statistics(client, drain):
    from tasks.maintenance import send_canaries  # noqa: PLC0415 - it reads the settings, which `client` has set

    send_canaries()
    assert drain() == 8
    seen = scrape(client)
    assert not [key for key in seen if key[0] == "amana_deliveries_total"]
    assert len([key for key in seen if key[0] == "amana_canary_age_seconds"]) == 8


# --- how things stand ------------------------------------------------------------------------------------------------


def test_what_waits_is_told_with_its_age(client, owner):
    with session_scope() as session:
        record(session, *(DeliveryDied(delivery_id=new_id()) for _ in range(3)))
    owner.execute("UPDATE delivery SET available_at = now() - interval '50 s'")
    seen = scrape(client)
    assert seen["amana_queue_depth", "waiting", "dead_letter"] == 3
    assert seen["amana_queue_depth", "waiting", "payments"] == 0
    assert 50 <= seen["amana_oldest_waiting_seconds", "dead_letter"] < 3_600
    assert 50 <= seen["amana_relay_lag_seconds",] < 3_600


def test_what_the_window_holds_back_or_what_waits_its_turn_is_no_lag_of_the_relay(client, owner, setting):
    with session_scope() as session:
        record(session, *(DeliveryDied(delivery_id=new_id()) for _ in range(3)))
    owner.execute("UPDATE delivery SET available_at = now() - interval '50 s'")
    setting("RELAY_WINDOW", "1")
    owner.execute("UPDATE delivery SET state = 'published' WHERE seq = (SELECT min(seq) FROM delivery)")
    assert scrape(client)["amana_relay_lag_seconds",] == 0
    setting("RELAY_WINDOW", "2")
    assert scrape(client)["amana_relay_lag_seconds",] > 40
    owner.execute("UPDATE delivery SET ordering_key = 'one'")
    assert scrape(client)["amana_relay_lag_seconds",] == 0
    owner.execute("UPDATE delivery SET ordering_key = NULL, state = 'retry', available_at = now() + interval '1 h'")
    assert scrape(client)["amana_relay_lag_seconds",] == 0


def test_what_was_tried_again_a_moment_ago_hides_nothing_that_has_waited_for_long(client, owner):
    with session_scope() as session:
        record(session, *(DeliveryDied(delivery_id=new_id()) for _ in range(3)))
    owner.execute("UPDATE delivery SET available_at = now() - interval '1 h'")
    first = "SELECT min(seq) FROM delivery"
    owner.execute(f"UPDATE delivery SET state = 'retry', available_at = now() WHERE seq = ({first})")
    seen = scrape(client)
    assert seen["amana_oldest_waiting_seconds", "dead_letter"] >= 3_600
    assert seen["amana_relay_lag_seconds",] >= 3_600


@pytest.mark.parametrize("kind", INBOXES)
def test_pings_that_nobody_has_looked_at_are_told_with_their_age_by_kind(client, owner, let_a_ping_wait, kind):
    let_a_ping_wait(kind, 50)
    let_a_ping_wait(kind, 20)
    seen = scrape(client)
    assert {one: seen["amana_webhooks_unprocessed", one] for one in INBOXES} == dict.fromkeys(INBOXES, 0) | {kind: 2}
    ages = {one: seen["amana_oldest_webhook_seconds", one] for one in INBOXES}
    assert 50 <= ages.pop(kind) < 3_600
    assert set(ages.values()) == {0}
    owner.execute(f"UPDATE {INBOXES[kind][0]} SET taken_at = now()")
    assert scrape(client)["amana_oldest_webhook_seconds", kind] == 0


def test_a_system_in_which_nothing_happened_has_a_page_all_the_same(client):
    seen = scrape(client)
    assert seen["amana_webhooks_unprocessed", "payment"] == 0
    assert not [key for key in seen if key[0] in {"amana_payment_success_ratio", "amana_escrow_held_minor"}]


def test_captures_are_counted_with_the_posting_and_not_without_it(client):
    with session_scope() as session:
        give_money(session, make_user(session), 9_000)
        give_money(session, make_user(session), 1)
    with pytest.raises(ZeroDivisionError), session_scope() as session:
        give_money(session, make_user(session), 500)
        raise ZeroDivisionError
    seen = scrape(client)
    assert seen["amana_captures_total", "TND", "konnect"] == 2
    assert seen["amana_captured_minor_total", "TND", "konnect"] == 9_001
    assert seen["amana_payment_success_ratio", "konnect"] == 1


UNPAID_ENDS = sorted(set(PaymentState) - LIVE - {PaymentState.CAPTURED, PaymentState.CANCELLED})


@pytest.mark.parametrize("state", UNPAID_ENDS)
def test_every_end_without_a_capture_lowers_the_success_rate(client, owner, state):
    with session_scope() as session:
        give_money(session, make_user(session), 1)
        give_money(session, make_user(session), 1)
    owner.execute("UPDATE payment SET status = %s WHERE id = (SELECT min(id::text)::uuid FROM payment)", [state])
    assert scrape(client)["amana_payment_success_ratio", "konnect"] == 0.5
