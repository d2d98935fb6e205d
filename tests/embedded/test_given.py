"""Servers that somebody brought along by URL: used as they are, looked at first, and never touched by the tests."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from embedded.errors import EmbeddedError
from embedded.given import GIVEN, check_broker, check_database, given_connections
from embedded.services import Services
from tests.embedded.plain_project import ROOT, PlainProject

RUNTIME, OWNER, BROKER = "postgresql://runtime", "postgresql://owner", "redis://broker"


@pytest.mark.parametrize("alone", ["DATABASE_URL", "MIGRATION_DATABASE_URL"])
def test_the_two_database_urls_belong_together(alone: str):
    with pytest.raises(EmbeddedError, match=r"DATABASE_URL .* and MIGRATION_DATABASE_URL .* belong together"):
        given_connections({alone: "postgresql://somewhere"})


def test_urls_replace_the_embedded_servers_one_by_one():
    assert given_connections({}) == (None, None)
    assert given_connections({"BROKER_URL": BROKER}) == (None, BROKER)
    urls = {"DATABASE_URL": RUNTIME, "MIGRATION_DATABASE_URL": OWNER}
    assert given_connections(urls) == ((RUNTIME, OWNER), None)


def test_servers_that_let_us_in_are_fine(servers: Services):
    check_database(*servers.database.urls)
    check_broker(servers.broker_url)


def test_a_role_that_is_not_let_in_is_named_by_its_variable(servers: Services):
    runtime, owner = servers.database.urls
    for urls, variable in (
        ((runtime.replace("amana_app:", "amana_app:no"), owner), "DATABASE_URL"),
        ((runtime, owner.replace("amana_owner:", "amana_owner:no")), "MIGRATION_DATABASE_URL"),
    ):
        with pytest.raises(EmbeddedError, match=rf"^{variable} leads to no database: .*password authentication failed"):
            check_database(*urls)


def test_where_no_database_is_the_way_to_make_one_is_named(servers: Services):
    runtime, owner = (f"{url}_not" for url in servers.database.urls)
    with pytest.raises(EmbeddedError, match=r'"amana_not" does not exist\ndeploy/roles\.sh makes'):
        check_database(runtime, owner)


def test_an_owner_of_another_database_is_refused(servers: Services):
    """Its database would be migrated, and the other one be used."""
    runtime, owner = servers.database.urls
    with pytest.raises(EmbeddedError, match=r"^DATABASE_URL and MIGRATION_DATABASE_URL must name one database"):
        check_database(runtime, f"{owner.removesuffix('/amana')}/postgres")


@pytest.mark.parametrize("url", ["nonsense", "mysql://amana:a-word@127.0.0.1/amana", "postgresql://[a-word/amana"])
def test_what_is_no_url_of_postgresql_is_refused_and_not_repeated(url: str):
    with pytest.raises(EmbeddedError, match=r"^DATABASE_URL must be postgresql://ROLE:PASSWORD@HOST:PORT/") as refused:
        check_database(url, url)
    assert "a-word" not in str(refused.value)


def test_a_broker_that_does_not_let_us_in_is_named_with_what_it_says(servers: Services):
    with pytest.raises(EmbeddedError, match=r"^BROKER_URL leads to no broker: invalid username-password pair"):
        check_broker(servers.broker_url.replace("redis://:", "redis://:no"))


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://amana:a-word@127.0.0.1:1//"])
def test_a_broker_that_is_not_there_is_named_with_what_was_said(url: str):
    with pytest.raises(EmbeddedError, match=r"^BROKER_URL leads to no broker: .*Connection refused"):
        check_broker(url)


@pytest.mark.parametrize("url", ["carrier-pigeon://127.0.0.1", "redis://:a-word@127.0.0.1:six/0"])
def test_what_is_no_url_of_a_broker_is_refused_and_not_repeated(url: str):
    with pytest.raises(EmbeddedError, match=r"^BROKER_URL must be redis://:PASSWORD@HOST") as refused:
        check_broker(url)
    assert "a-word" not in str(refused.value)


def test_a_world_says_at_once_which_server_does_not_let_it_in(project: PlainProject):
    project.environment["BROKER_URL"] = "redis://127.0.0.1:1/0"
    code, _, errors = project.start("up").finish()
    assert code == 1
    assert "BROKER_URL leads to no broker" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("module", "where"),
    [("tests.conftest", "os.environ"), ("bench.world", "__import__('bench.world').world.ENVIRONMENT")],
)
def test_neither_tests_nor_bench_know_the_servers_of_whoever_runs_them(module: str, where: str):
    """Tests kill and flush their servers, and the bench fills its own: none of it may ever strike yours."""
    show = f"import os, {module}; print(sorted(set({GIVEN!r}) & set({where})))"
    given = dict.fromkeys(GIVEN, "postgresql://mine")
    shown = subprocess.run(
        [sys.executable, "-c", show], cwd=ROOT, env=os.environ | given, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "[]\n"
