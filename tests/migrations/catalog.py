"""What a database consists of, as text, so that two states of it can be compared to the last default and grant."""

from __future__ import annotations

from typing import Any

import psycopg

_OURS = "nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND nspname NOT LIKE 'pg_temp%'"
_NOT_OF_AN_EXTENSION = "NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = {}.oid AND d.deptype = 'e')"

_PARTS = {
    "schemas": f"SELECT nspname, nspacl::text FROM pg_namespace WHERE {_OURS}",
    "tables": f"""
        SELECT nspname, relname, relkind::text, relacl::text, reloptions::text
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
        WHERE {_OURS} AND relkind IN ('r', 'S', 'v', 'p') AND {_NOT_OF_AN_EXTENSION.format("c")}
    """,
    "columns": f"""
        -- By rank: a dropped column leaves a gap in the numbers for ever.
        SELECT nspname, relname, row_number() OVER (PARTITION BY attrelid ORDER BY attnum), attname, format_type(atttypid, atttypmod), attnotnull, attidentity::text,
               pg_get_expr(adbin, adrelid), attacl::text
        FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid JOIN pg_namespace AS n ON n.oid = relnamespace
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE {_OURS} AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    """,
    "constraints": f"""
        SELECT nspname, conrelid::regclass::text, conname, pg_get_constraintdef(k.oid)
        FROM pg_constraint AS k JOIN pg_namespace AS n ON n.oid = connamespace
        WHERE {_OURS} AND {_NOT_OF_AN_EXTENSION.format("k")}
    """,
    "indexes": "SELECT schemaname, indexname, indexdef FROM pg_indexes WHERE schemaname <> 'pg_catalog'",
    "functions": f"""
        SELECT nspname, p.oid::regprocedure::text, pg_get_functiondef(p.oid), proacl::text
        FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = pronamespace
        WHERE {_OURS} AND prokind = 'f' AND {_NOT_OF_AN_EXTENSION.format("p")}
    """,
    "triggers": f"""
        SELECT nspname, tgname, pg_get_triggerdef(t.oid)
        FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = tgrelid JOIN pg_namespace AS n ON n.oid = relnamespace
        WHERE {_OURS} AND NOT tgisinternal
    """,
    "types": f"""
        SELECT nspname, typname FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = typnamespace
        WHERE {_OURS} AND typtype IN ('e', 'd') AND {_NOT_OF_AN_EXTENSION.format("t")}
    """,
    "extensions": "SELECT extname FROM pg_extension",
}


def read_catalog(connection: psycopg.Connection) -> set[tuple[Any, ...]]:
    """Return one line for each schema, table, column, constraint, index, function, trigger, type and extension."""
    return {
        (part, *row)
        for part, statement in _PARTS.items()
        for row in connection.execute(statement).fetchall()
        if "alembic_version" not in str(row)
    }
