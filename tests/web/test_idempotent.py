"""@idempotent: the same key gives the same answer, the work is done once, and only committed work is remembered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from app.infra import idempotency
from app.infra.db import session_scope
from app.kernel.ids import new_id
from tests.web.conftest import assert_problem
from tests.web.small_app import gate

AMAL, BILEL = new_id(), new_id()
HEADERS = {"X-User": str(AMAL), "Idempotency-Key": "k-1"}


@pytest.fixture
def order(web, tables):
    """Return a function that asks for a piece of work."""

    def ask(key="k-1", title="work", user=AMAL, **more):
        headers = {"X-User": str(user)} | ({"Idempotency-Key": key} if key is not None else {})
        return web.post("/api/v1/works", json={"title": title, **more}, headers=headers)

    return ask


@pytest.fixture
def count(tables):
    """Return a function that counts the rows of a table."""
    return lambda table: tables.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_the_first_answer_is_the_answer_of_the_work(order, count):
    answer = order()
    assert answer.status_code == 201
    assert UUID(answer.get_json()["id"])
    assert answer.headers["Location"].endswith(answer.get_json()["id"])
    assert "Idempotency-Replayed" not in answer.headers
    assert (count("work"), count("idempotency_key")) == (1, 1)


def test_the_same_key_brings_the_same_answer_and_no_more_work(order, count):
    first, again = order(), order()
    assert again.headers["Idempotency-Replayed"] == "true"
    for same in ("status_code", "data", "content_type", "location"):
        assert getattr(again, same) == getattr(first, same)
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert count("work") == 1


@pytest.mark.parametrize("again", ["k-1", '"k-1"'])
def test_a_key_is_the_same_bare_and_quoted(order, again):
    first = order("k-1")
    assert order(again).data == first.data


def test_the_order_and_the_spelling_of_fields_do_not_make_another_body(web, tables):
    headers = {"X-User": str(AMAL), "Idempotency-Key": "k-1", "Content-Type": "application/json"}
    first = web.post("/api/v1/works", data='{"title": "work", "count": 2}', headers=headers)
    again = web.post("/api/v1/works", data='{"count":2,  "title":"\\u0077ork"}', headers=headers)
    assert (first.status_code, again.data) == (201, first.data)


def test_another_key_is_another_piece_of_work(order, count):
    assert order("k-1").data != order("k-2").data
    assert count("work") == 2


def test_another_callers_key_is_another_key(order, count):
    mine, yours = order(user=AMAL), order(user=BILEL)
    assert yours.status_code == 201
    assert yours.data != mine.data
    assert "Idempotency-Replayed" not in yours.headers
    assert count("work") == 2


def test_another_body_under_the_same_key_is_422_and_changes_nothing(order, count):
    first = order(title="work")
    assert_problem(order(title="other"), 422, "idempotency_key_reused")
    assert order(title="work").data == first.data
    assert count("work") == 1


@pytest.mark.parametrize("key", [None, "", "x" * 256, "two words", '"open', "caf\u00e9", 'a"b', '""'])
def test_a_missing_or_malformed_key_is_400(order, count, key):
    assert_problem(order(key), 400, "idempotency_key_required")
    assert count("work") == 0


@pytest.mark.parametrize("key", ["x", "x" * 255, f'"{"x" * 255}"', "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"])
def test_1_to_255_visible_characters_are_a_key(order, key):
    assert order(key).status_code == 201


def test_a_refusal_is_not_remembered_and_the_same_key_may_try_again(order, count):
    assert_problem(order(title="refused"), 409, "conflict")
    assert_problem(order(title="refused"), 409, "conflict")
    assert (count("work"), count("idempotency_key")) == (0, 0)
    assert order(title="work").status_code == 201


def test_bad_input_is_not_remembered(order, count):
    assert_problem(order(typo=1), 422, "invalid_input")
    assert count("idempotency_key") == 0
    assert order().status_code == 201


def test_a_crash_in_the_middle_leaves_nothing(order, count):
    assert_problem(order(title="crash"), 500, "internal_error")
    assert (count("work"), count("idempotency_key")) == (0, 0)
    assert order(title="work").status_code == 201


def test_a_deadlock_is_run_again_within_the_request(order, count):
    assert order(title="contended").status_code == 201
    assert (count("work"), count("idempotency_key")) == (1, 1)


def test_a_key_past_its_time_begins_anew(order, count, tables):
    first = order()
    tables.execute("UPDATE idempotency_key SET created_at = created_at - interval '24 hours 1 second'")
    second = order(title="other")
    assert second.status_code == 201
    assert second.data != first.data
    assert order(title="other").data == second.data
    assert (count("work"), count("idempotency_key")) == (2, 1)


def test_a_key_within_its_time_holds_to_the_end(order, tables):
    first = order()
    tables.execute("UPDATE idempotency_key SET created_at = created_at - interval '23 hours 59 minutes'")
    assert order().data == first.data


def test_the_purge_takes_what_is_past_its_time_and_nothing_else(order, count, tables):
    order("old")
    tables.execute("UPDATE idempotency_key SET created_at = created_at - interval '25 hours'")
    order("new")
    with session_scope() as session:
        assert idempotency.purge(session) == 1
    assert tables.execute("SELECT key FROM idempotency_key").fetchall() == [("new",)]


def test_the_sweep_purges_more_than_one_transaction_takes(order, count, tables):
    from tasks.maintenance import purge_idempotency_keys  # noqa: PLC0415 - it reads the settings, set by `tables`

    order("new")
    tables.execute(
        "INSERT INTO idempotency_key SELECT scope, n::text, fingerprint, status, headers, body,"
        " created_at - interval '25 hours' FROM idempotency_key, generate_series(1, %s) AS n",
        [2 * idempotency.PURGE_BATCH + 1],
    )
    purge_idempotency_keys()
    assert count("idempotency_key") == 1


def test_of_twenty_at_once_one_works_and_the_others_are_told_to_wait(served, http, tables, count):
    """The one that works is held until all others have been answered: each of them met it at work."""
    gate.clear()

    def ask(_):
        answer = http.post(f"{served}/works", json={"title": "slow"}, headers=HEADERS)
        if answer.status_code == 409:
            turned_away.append(answer.json()["code"])
            if len(turned_away) == 19:
                gate.set()
        return answer

    turned_away = []
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert turned_away == ["idempotency_in_progress"] * 19
    assert (count("work"), count("idempotency_key")) == (1, 1)
    [worked] = [answer for answer in answers if answer.status_code == 201]
    assert ask(None).content == worked.content


def test_of_twenty_at_once_that_do_not_wait_for_each_other_one_works(served, http, tables, count):
    def ask(_):
        return http.post(f"{served}/works", json={"title": "work"}, headers=HEADERS)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(20)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in done}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in done) == 1
    assert (count("work"), count("idempotency_key")) == (1, 1)
