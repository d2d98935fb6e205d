"""Models and migrations say the same, down to the names of constraints and the states in their CHECKs."""

from __future__ import annotations

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, PrimaryKeyConstraint, create_engine

from app.infra.db import Base, driver_url
from app.tables import load_all_tables

#: Written and read by SQL functions only: no model has them.
WITHOUT_MODELS = ("ledger",)


@pytest.fixture(scope="module")
def schema(services):
    load_all_tables()
    engine = create_engine(driver_url(services.database.owner_url))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_no_table_column_type_default_index_or_key_differs(schema):
    def is_ours(thing, name, kind, *_: object):
        if kind == "table":
            return name != "alembic_version" and thing.schema not in WITHOUT_MODELS
        return True

    context = MigrationContext.configure(
        schema,
        opts={
            "include_schemas": True,
            "include_object": is_ours,
            "include_name": lambda name, kind, _: kind != "schema" or name not in WITHOUT_MODELS,
            "compare_type": True,
            "compare_server_default": True,
        },
    )
    assert compare_metadata(context, Base.metadata) == []


def test_every_check_and_constraint_has_the_same_name(schema):
    found = schema.exec_driver_sql(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'f', 'p', 'x')"
        " AND conrelid <> 'alembic_version'::regclass AND conrelid <> 0"
    )
    declared = {
        (table.name, constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if not (isinstance(constraint, PrimaryKeyConstraint) and not constraint.columns)  # a table of one row
    }
    assert declared == {tuple(row) for row in found}


def test_every_partial_index_is_partial_in_both(schema):
    found = schema.exec_driver_sql(
        "SELECT i.relname, pg_get_expr(indpred, indrelid) FROM pg_index JOIN pg_class AS i ON i.oid = indexrelid"
        " WHERE i.relnamespace = 'public'::regnamespace"
    )
    conditions = dict(tuple(row) for row in found)
    for table in Base.metadata.tables.values():
        for index in table.indexes:
            declared = index.dialect_options["postgresql"]["where"]
            assert literals(declared) == literals(conditions[index.name]), index.name


def test_every_check_lists_the_same_texts(schema):
    found = schema.exec_driver_sql(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND contype = 'c'"
    )
    definitions = dict(tuple(row) for row in found)
    for table in Base.metadata.tables.values():
        for check in table.constraints:
            if isinstance(check, CheckConstraint):
                assert literals(check.sqltext) == literals(definitions[check.name]), check.name


def literals(condition):
    """Return the texts and numbers of a condition; its spelling is Postgres' own."""
    if condition is None:
        return None
    found = re.findall(r"'[^']*'|\b\d+\b", re.sub(r"::[a-z ]+(\[\])?", "", str(condition)))
    return sorted(text.strip("'") for text in found)
