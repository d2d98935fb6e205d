"""The house as it is imported: every module of app and tasks, and what stands in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import TypeVar

from tests.environment import ENVIRONMENT

T = TypeVar("T")

# Reading the settings is part of importing tasks; nothing here connects to these addresses.
SETTINGS = ENVIRONMENT | {
    "DATABASE_URL": "postgresql://amana_app:none@127.0.0.1:1/amana",
    "BROKER_URL": "redis://:none@127.0.0.1:1/0",
}


def modules(package: str) -> Iterator[ModuleType]:
    """Import a package with everything below it."""
    for variable, value in SETTINGS.items():
        os.environ.setdefault(variable, value)
    root = import_module(package)
    yield root
    for found in walk_packages(root.__path__, f"{package}."):
        yield import_module(found.name)


def subclasses(base: type[T]) -> set[type[T]]:
    """Return all subclasses that the house itself defines."""
    list(modules("app"))
    found: set[type[T]] = set()
    waiting = [base]
    while waiting:
        for child in waiting.pop().__subclasses__():
            waiting.append(child)
            if child.__module__.startswith("app."):
                found.add(child)
    return found


def instances(kind: type[T]) -> list[T]:
    """Return all module-level values of this class, each once."""
    found = {
        id(value): value for module in modules("app") for value in vars(module).values() if isinstance(value, kind)
    }
    return list(found.values())
