"""What outlives the process: records by room and key in one SQLite file, or nothing at all where no directory is given.

A record is a frozen dataclass. It is written before the answer that tells of it, so a sandbox that is killed and
started again knows all that it has ever said.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
import types
import typing
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

FILE = "sandbox.sqlite3"

_BEGIN = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;  -- what a killed process has written is safe; against power failure nothing here need be
    CREATE TABLE IF NOT EXISTS record (
        room TEXT NOT NULL, key TEXT NOT NULL, content TEXT NOT NULL, seq INTEGER PRIMARY KEY, UNIQUE (room, key))
"""
_KEEP = """
    INSERT INTO record (room, key, content) VALUES (?, ?, ?)
    ON CONFLICT (room, key) DO UPDATE SET content = excluded.content
"""
_LOAD = "SELECT key, content FROM record WHERE room = ? ORDER BY seq"
_DROP = "DELETE FROM record WHERE room = ? AND key = ?"


class StoreError(Exception):
    """The file cannot be used; the message says why, and what to do."""


class File:
    """One SQLite file for all threads."""

    def __init__(self, directory: Path) -> None:
        """Open it in this directory, or make it. Raises `StoreError`."""
        self._lock = threading.Lock()
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = sqlite3.connect(directory / FILE, isolation_level=None, check_same_thread=False)
            self._connection.executescript(_BEGIN)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{directory / FILE} cannot be used: {error}") from error

    def execute(self, statement: str, parameters: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Execute one statement, committed at once, and return its rows."""
        with self._lock:
            return self._connection.execute(statement, parameters).fetchall()

    def close(self) -> None:
        """Close it: whoever writes from now on fails."""
        with self._lock:
            self._connection.close()


class Shelf(MutableMapping[str, T]):
    """The records of one room by key, in the order in which they first came; whoever shares one brings a lock."""

    def __init__(self, room: str, kind: type[T], file: File | None) -> None:
        """Take over what the file has of this room; raises `StoreError`."""
        self._room, self._file = room, file
        self._records: OrderedDict[str, T] = _load(room, kind, file) if file else OrderedDict()

    def __getitem__(self, key: str) -> T:
        return self._records[key]

    def __setitem__(self, key: str, record: T) -> None:
        if self._file:
            self._file.execute(_KEEP, (self._room, key, _written(record)))
        self._records[key] = record

    def __delitem__(self, key: str) -> None:
        del self._records[key]
        if self._file:
            self._file.execute(_DROP, (self._room, key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def drop_oldest(self) -> T:
        """Forget the record that came first, and return it."""
        return self.pop(next(iter(self._records)))


class Store:
    """Where shelves stand: a directory, or memory alone."""

    def __init__(self, directory: Path | None = None) -> None:
        """Open the file in this directory, or make it. Raises `StoreError`."""
        self._file = File(directory) if directory else None

    def shelf(self, room: str, kind: type[T]) -> Shelf[T]:
        """Return the shelf of a room, as it was left; raises `StoreError`."""
        return Shelf(room, kind, self._file)

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file:
            self._file.close()


def _load(room: str, kind: type[T], file: File) -> OrderedDict[str, T]:
    rows = file.execute(_LOAD, (room,))
    try:
        return OrderedDict((key, _read(kind, json.loads(content))) for key, content in rows)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"the {room} of {FILE} were written by another version: remove that file") from error


def _written(record: object) -> str:
    return json.dumps(asdict(record), default=_plain)  # type: ignore[call-overload]  # records are dataclasses


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"a {type(value).__name__} cannot be kept")


def _read(kind: Any, told: Any) -> Any:
    """Make a value of this type from what JSON has left of it."""
    if is_dataclass(kind):
        of = typing.get_type_hints(kind)
        make = typing.cast("type", kind)
        return make(**{field.name: _read(of[field.name], told[field.name]) for field in fields(kind)})
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        return tuple(_read(arguments[0], one) for one in told)
    if typing.get_origin(kind) is types.UnionType:
        return None if told is None else _read(arguments[0], told)
    if kind is datetime:
        return datetime.fromisoformat(told)
    return base64.b64decode(told) if kind is bytes else told
