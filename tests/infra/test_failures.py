"""A failure is told with its kind and its place; in its own words only where they cannot quote anybody."""

from __future__ import annotations

import json
import logging
import smtplib

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from app.infra.db import session_scope
from app.infra.failures import tell, trace
from app.infra.logs import JsonFormatter
from app.kernel.errors import PermanentFailure

NAME = "Canary Featherstone"
EMAIL = "canary.tweet@amana.test"


def raised(work):
    """Return what a piece of work raises, with its traceback."""
    with pytest.raises(BaseException) as caught:
        work()
    return caught.value


STRANGERS = {
    "a key that is missing": lambda: {}[EMAIL],
    "a number that is none": lambda: int(NAME),
    "a text that cannot be encoded": f"{NAME}\ud800".encode,
    "a recipient that is refused": lambda: (_ for _ in ()).throw(smtplib.SMTPRecipientsRefused({EMAIL: (550, b"")})),
    "a file that is not there": lambda: open(f"/nowhere/{EMAIL}"),  # noqa: PTH123, SIM115
    "an exception of no kind": lambda: (_ for _ in ()).throw(RuntimeError(EMAIL)),
}


@pytest.mark.parametrize("work", STRANGERS.values(), ids=STRANGERS.keys())
def test_of_a_stranger_only_kind_and_place_are_told(work):
    error = raised(work)
    assert tell(error) == type(error).__name__
    told = trace(error)
    assert (EMAIL in told, NAME in told) == (False, False)
    assert "tests/infra/test_failures.py" in told
    assert told.endswith(f"{type(error).__name__}\n")


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (lambda: None + 1, "TypeError: unsupported operand type(s) for +: 'NoneType' and 'int'"),
        (lambda: 1 / 0, "ZeroDivisionError: division by zero"),
        (
            lambda: (_ for _ in ()).throw(PermanentFailure("the gateway refuses")),
            "PermanentFailure: the gateway refuses",
        ),
    ],
)
def test_words_about_code_and_words_of_ours_are_told(work, told):
    assert tell(raised(work)) == told


def test_what_caused_it_and_what_is_grouped_in_it_is_told_as_discreetly():
    def cause():
        try:
            int(NAME)
        except ValueError as error:
            raise PermanentFailure("cannot be read") from error

    def group():
        raise ExceptionGroup(EMAIL, [raised(cause), KeyError(EMAIL)])

    told = trace(raised(group))
    assert "direct cause" in told
    assert "PermanentFailure: cannot be read" in told
    assert told.count("Traceback") == 4
    assert (EMAIL in told, NAME in told) == (False, False)


def test_a_log_line_tells_a_failure_as_discreetly():
    error = raised(STRANGERS["a key that is missing"])
    record = logging.LogRecord("app.x", 40, __file__, 1, "it failed", (), (type(error), error, error.__traceback__))
    line = json.loads(JsonFormatter().format(record))
    assert line["error"].endswith("KeyError\n")
    assert EMAIL not in json.dumps(line)


@pytest.fixture
def people(plumbing):
    plumbing.execute("DROP TABLE IF EXISTS person")
    plumbing.execute("CREATE TABLE person (email text UNIQUE, name varchar(30) CHECK (name <> 'Nobody'), n int)")
    plumbing.execute("GRANT SELECT, INSERT ON person TO amana_app")
    yield plumbing
    plumbing.execute("DROP TABLE person")


WRITE = text("INSERT INTO person VALUES (:email, :name, 1)")
REFUSED = {
    "a row that is there": (WRITE, {"email": EMAIL, "name": "x"}, IntegrityError, "person_email_key"),
    "a row that breaks a rule": (WRITE, {"email": f"1{EMAIL}", "name": "Nobody"}, IntegrityError, "person_name_check"),
    "a value that is too long": (WRITE, {"email": f"2{EMAIL}", "name": NAME * 9}, DataError, "too long"),
    "a value that is of no such kind": (
        text("SELECT CAST(:email AS uuid)"), {"email": EMAIL}, DataError, 'invalid input syntax for type uuid: "…"',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "values", "kind", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_the_database_says_which_rule_was_broken_and_quotes_no_row(people, statement, values, kind, words):
    people.execute("INSERT INTO person VALUES (%s, 'x', 1)", [EMAIL])
    with pytest.raises(kind) as caught, session_scope() as session:
        session.execute(statement, values)
    for told in (str(caught.value), str(caught.value.orig), tell(caught.value), trace(caught.value)):
        assert words in told
        assert (EMAIL in told, NAME in told, "DETAIL" in told) == (False, False, False)
    assert isinstance(caught.value, DBAPIError)


def test_a_value_that_cannot_even_be_sent_is_not_quoted(people):
    error = StatementError(f"badly formed {EMAIL}", "SELECT", {}, ValueError(EMAIL))
    assert tell(error) == "StatementError"
