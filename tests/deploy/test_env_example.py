""".env.example names every setting there is, with its default, and nothing else; and it cannot be used as it stands."""

from __future__ import annotations

from dataclasses import fields

import pytest

from app.infra.config import Settings, load
from app.infra.settings_fields import SettingsError
from tests.architecture.test_documents import README, rows, stated

#: Of the embedded world, the sandbox and the demo: production knows none of them.
NOT_IN_PRODUCTION = {"embedded/binaries.py", "sandbox/settings.py", "demo/world.py"}
SECRET = "Vq3tN8x0bZr5mKc7yHs2pLd9wGf4uJe6"


def settings_of_production() -> dict[str, str]:
    """Return every variable that the README has for production, with its default as the README states it."""
    elsewhere = {name: row[0] for name, row in rows(README, 4).items() if row[1].strip("`") not in NOT_IN_PRODUCTION}
    return {field.metadata["variable"]: stated(field) for field in fields(Settings)} | elsewhere


def test_every_setting_is_there_and_everything_that_is_there_is_a_setting(example):
    assert example.keys() == settings_of_production().keys()


def test_what_is_required_stands_bare_and_the_rest_shows_its_default(example):
    for variable, said in settings_of_production().items():
        value, bare = example[variable]
        default = said.split(", ")[0].strip("`")
        assert bare == (default == "required"), variable
        if not bare:
            assert value == default.replace("empty", ""), variable


def filled(example) -> dict[str, str]:
    """Fill it in as an operator does."""
    return {name: chosen(value) for name, (value, bare) in example.items() if bare}


def chosen(value: str) -> str:
    return value.replace("change-me", SECRET).replace("your.domain", "amana.tn").replace("0" * 24, "5f7a209a" * 3)


def test_with_values_of_ones_own_it_is_enough_to_start(example):
    assert load(filled(example)).is_production


#: Required as they stand: they are no examples.
REAL = {"KONNECT_BASE_URL"}


def test_an_example_that_was_left_in_is_refused(example):
    ours = {field.metadata["variable"] for field in fields(Settings)}
    examples = {name: value for name, (value, bare) in example.items() if bare and name not in REAL}
    assert len(examples) > 10
    for variable in examples.keys() & ours:
        with pytest.raises(SettingsError, match=f"{variable} holds a documented example"):
            load(filled(example) | {variable: examples[variable]})
    # Those of the servers are refused where they are read: tests/deploy/test_roles.py and test_compose.py.
    assert examples.keys() - ours == {
        "POSTGRES_PASSWORD", "MIGRATION_DATABASE_URL", "REDIS_PASSWORD", "FLOWER_BASIC_AUTH",
    }  # fmt: skip


@pytest.mark.parametrize(("domain", "key"), [("amana.tn", "0" * 24), ("your.domain", "5f7a209a" * 3)])
def test_an_example_that_was_left_in_half_is_refused_too(example, domain, key):
    half = {"SMTP_URL": f"smtps://amana:{SECRET}@mail.{domain}:465", "KONNECT_API_KEY": f"{key}:{SECRET}"}
    with pytest.raises(SettingsError, match="holds a documented example"):
        load(filled(example) | half)


def test_the_hosts_are_those_of_the_compose_file(example, compose):
    for variable in ("DATABASE_URL", "MIGRATION_DATABASE_URL", "BROKER_URL"):
        host = example[variable][0].rpartition("@")[2].partition(":")[0]
        assert host in compose["services"], variable
