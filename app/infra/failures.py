"""How a failure is told, in logs, dead letters and reports: of what kind and where, and in whose words.

Words of ours hold no name, address, code or token. Those of a stranger may quote what it stumbled over: a KeyError its
key, a mail server a recipient, PostgreSQL the row that it refused. Of a stranger only the kind is told.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator

import psycopg

#: Whose words are told: our own; those of the database, because `discreet` has been over them.
_OURS = ("app.", "tasks.", "psycopg.", "sqlalchemy.exc.")

#: Python's own that speak of code and not of what the code was given.
_OF_CODE = frozenset(
    f"builtins.{kind.__name__}"
    for kind in (
        AssertionError, AttributeError, ImportError, ModuleNotFoundError, NameError, NotImplementedError,
        OverflowError, RecursionError, TimeoutError, TypeError, UnboundLocalError, ZeroDivisionError,
        ConnectionError, ConnectionRefusedError, ConnectionResetError, BrokenPipeError,
    )
)  # fmt: skip

#: A value that could not be bound or read is quoted; the refusal of the database beneath it is one of those above.
_QUOTES = frozenset({"sqlalchemy.exc.StatementError"})

_QUOTED = re.compile(r'"[^"]*"')


def may_speak(kind: str) -> bool:
    """Tell whether the words of an exception may be told; `kind` is its class with its module."""
    return kind in _OF_CODE or (kind.startswith(_OURS) and kind not in _QUOTES)


def tell(error: BaseException) -> str:
    """Return the kind of a failure, and its words where they may be told."""
    kind = type(error)
    words = str(error) if may_speak(f"{kind.__module__}.{kind.__qualname__}") else ""
    return f"{kind.__name__}: {words}" if words else kind.__name__


def trace(error: BaseException) -> str:
    """Return where it happened, with what caused it, as Python prints it; words only where they may be told."""
    return "".join(_lines(error))


def discreet(error: psycopg.Error) -> str:
    """Return what the database says, less DETAIL, CONTEXT and values: they quote rows, and with them people."""
    sentence = str(error).partition("\n")[0]
    of_data = (error.sqlstate or "").startswith("22")
    return _QUOTED.sub('"…"', sentence) if of_data else sentence


def _lines(error: BaseException) -> Iterator[str]:
    if error.__cause__ is not None:
        yield from _lines(error.__cause__)
        yield "\nThe above exception was the direct cause of the following exception:\n\n"
    elif error.__context__ is not None and not error.__suppress_context__:
        yield from _lines(error.__context__)
        yield "\nDuring handling of the above exception, another exception occurred:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{tell(error)}\n"
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _lines(inner)
