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
    return {name: value.replace("change-me", SECRET) for name, (value, bare) in example.items() if bare}


def test_with_values_of_ones_own_it_is_enough_to_start(example):
    assert load(filled(example)).is_production


@pytest.mark.parametrize(
    "field", [field for field in fields(Settings) if field.metadata["secret"]], ids=lambda f: f.name
)
def test_an_example_that_was_left_in_is_refused(example, field):
    variable = field.metadata["variable"]
    value, bare = example[variable]
    if bare:
        with pytest.raises(SettingsError, match=f"{variable} holds a documented example"):
            load(filled(example) | {variable: value})


def test_the_hosts_are_those_of_the_compose_file(example, compose):
    for variable in ("DATABASE_URL", "MIGRATION_DATABASE_URL", "BROKER_URL"):
        host = example[variable][0].rpartition("@")[2].partition(":")[0]
        assert host in compose["services"], variable
