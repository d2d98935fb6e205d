"""The API keeps its document: thousands of requests, right and wrong, signed in, about what exists (`make fuzz`)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import schemathesis
from flask import Flask
from schemathesis import BaseSchema, Case, GenerationMode, HookContext, hooks
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema

from embedded.cluster import Database
from embedded.services import Services
from sandbox.server import Sandbox
from tests.api.conftest import contents, forget_settings, go_on, outside, stage
from tests.architecture.sources import ROOT
from tests.fuzz.references import References
from tests.fuzz.rehearsal import rehearsed
from tests.fuzz.stage import set_stage, settings_for
from tests.fuzz.tally import Tally
from tests.served import served

__all__ = ["outside", "stage"]

REQUESTS, ACCEPTED_PER_CENT = 5_000, 30

#: Of each operation, beside what coverage asks for: so many requests that the document allows, and so many others.
RIGHT, WRONG = 50, 15


@pytest.fixture(scope="module")
def app(services: Services, stage: Database, outside: Sandbox) -> Iterator[Flask]:
    """Return the application on the database of the scene."""
    from app.factory import create_app  # noqa: PLC0415 - it reads the settings, which are set here

    go_on(services, stage, outside)
    with pytest.MonkeyPatch.context() as environment:
        for variable, value in settings_for(outside).items():
            environment.setenv(variable, value)
        forget_settings()
        yield create_app()
    forget_settings()


@pytest.fixture(scope="module")
def tally(app: Flask, stage: Database, outside: Sandbox) -> Tally:
    """Send them all, and print what came of it."""
    found, began = Tally(), time.monotonic()
    references = References(app, set_stage(app, outside))
    with psycopg.connect(stage.owner_url, autocommit=True) as owner, rehearsed() as connection, served(app) as address:

        @schemathesis.hook
        def before_call(_context: HookContext, case: Case, _kwargs: dict[str, object]) -> None:
            connection.begin_anew()
            references.fill(case)

        before = contents(owner)
        for schema in runs(f"{address}/openapi.json"):
            schema.auth.providers.append(references)
            found.count(from_schema(schema).execute())
        hooks.unregister(before_call)
        assert contents(owner) == before, "a request was not undone: those after it found another scene"
    print("", *found.lines(), f"{time.monotonic() - began:.0f} s", sep="\n")
    return found


def runs(url: str) -> Iterator[BaseSchema]:
    """Yield the document, made ready for coverage and right requests, then for wrong ones: so each has its share."""
    for mode, examples in (GenerationMode.POSITIVE, RIGHT), (GenerationMode.NEGATIVE, WRONG):
        config = SchemathesisConfig.from_path(Path(__file__).parent / "schemathesis.toml")
        config.update(seed=int(os.environ.get("FUZZ_SEED", config.seed)), max_failures=None)
        print(f"\nFUZZ_SEED={config.seed}", end="")
        schema = schemathesis.openapi.from_url(url, config=config)
        schema.config.phases.coverage.enabled = mode == GenerationMode.POSITIVE
        schema.config.phases.fuzzing.generation.update(modes=[mode], max_examples=examples)
        yield schema


@pytest.fixture(scope="module")
def operations() -> set[str]:
    """Return every operation of the committed document."""
    paths = json.loads((ROOT / "openapi.json").read_text())["paths"]
    return {f"{method.upper()} {path}" for path, item in paths.items() for method in item if method != "parameters"}


def test_every_answer_is_one_that_the_document_allows(tally: Tally) -> None:
    assert tally.deviations == [], "\n".join(tally.deviations[:20])


def test_nothing_that_is_sent_breaks_the_server(tally: Tally) -> None:
    assert {status for status in tally.statuses if status >= 500} == set()


def test_every_operation_is_called_and_often_enough_with_success(tally: Tally, operations: set[str]) -> None:
    assert set(tally.cases) == operations
    assert {label: tally.share(label) for label in operations if tally.share(label) < ACCEPTED_PER_CENT} == {}
    assert tally.requests >= REQUESTS
