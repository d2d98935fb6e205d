"""docs/going-live.md is followed with real money in hand: the names on it are those of the code."""

from __future__ import annotations

import re

from app.calendar import service as calendar
from app.calendar.states import ConnectionState
from app.gateways.google import oauth
from app.infra.config import load, settings
from app.payments.states import PaymentState
from app.web.refusals import catalogue
from tests.architecture.sources import ROOT
from tests.architecture.test_documents import README, rows
from tests.deploy.test_env_example import SECRET, filled

PAGE = (ROOT / "docs/going-live.md").read_text()
ROUTES = re.findall(r"`(GET|POST|PUT) (/[^`]*)`", PAGE)
FENCED = re.findall(r"^ *```\w*\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)
BLOCKS = [re.sub(r"^ +", "", block, flags=re.MULTILINE) for block in FENCED]
ID = "01a1fad5-4f71-7c02-a3ed-2a6e275bfec1"


def block_with(word: str) -> str:
    """Return the only block in which a word stands."""
    (found,) = [block for block in BLOCKS if word in block]
    return found


def test_a_route_is_there(flask_app):
    assert len(ROUTES) > 8
    for method, path in ROUTES:
        flask_app.url_map.bind("").match(f"/api/v1{path.replace('{id}', ID)}", method=method)


def test_where_a_key_is_asked_for_one_is_told_of(client):
    """Without it the answer is 400, and money is what one has in mind there."""
    document = client.get("/openapi.json").json["paths"]
    asking = 0
    for step in re.split(r"^ *(?:\d+\.|-) ", PAGE, flags=re.MULTILINE):
        for method, path in re.findall(r"`(POST|PUT) (/[^`]*)`", step):
            shape = path.replace("{id}", "{}")
            (operation,) = [
                operations[method.lower()]
                for route, operations in document.items()
                if re.sub(r"\{\w+\}", "{}", route) == f"/api/v1{shape}" and method.lower() in operations
            ]
            if "Idempotency-Key" in {parameter.get("name") for parameter in operation.get("parameters", ())}:
                asking += 1
                assert "Idempotency-Key" in step, path
    assert asking == 3


def test_who_signs_in_for_the_first_time_is_told_every_step():
    steps = [
        "/auth/register`",
        "/auth/verify-email`",
        "/auth/login`",
        "**Authorize**",
        "`access_token`",
        "/wallet/top-ups`",
    ]
    assert sorted(steps, key=PAGE.index) == steps


def test_there_is_a_command_to_start_with():
    assert "users create-admin" in block_with("docker compose up")


def test_each_kind_of_example_is_named_as_ones_own_to_change(example):
    first = PAGE.partition("## What you need first")[2].partition("\n## ")[0]
    assert all(f"`{word}`" in first for word in ("change-me", "your.domain", "MAIL_FROM"))
    assert "zeros" in first


def test_konnect_calls_the_route_whose_line_is_looked_for(flask_app):
    looked_for = re.search(r"grep (webhooks/\S+)", PAGE)[1]
    assert [rule for rule in flask_app.url_map.iter_rules() if looked_for in rule.rule]


def test_the_settings_that_are_named_are_there():
    named = set(re.findall(r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b", PAGE))
    assert len(named) > 8
    assert named <= rows(README, 3).keys() | rows(README, 4).keys()


def test_production_starts_with_what_is_written_into_env_for_trying_and_for_real(example):
    for server in ("//api.sandbox.konnect", "//api.konnect"):
        lines = dict(line.split("=", 1) for line in block_with(f"{server}.network/api/v2").splitlines())
        keys = {"KONNECT_API_KEY": f"{'5f7a209a' * 3}:{SECRET}", "KONNECT_WALLET_ID": "5f7a209a" * 3}
        chosen = load(filled(example) | lines | keys)
        assert chosen.is_production
        assert chosen.konnect_pay_hosts == (lines["KONNECT_PAY_HOSTS"],)


def test_google_is_told_the_scopes_that_are_asked_for_and_the_address_that_is_used(services):
    assert tuple(block_with("openid").split()) == oauth.SCOPES
    assert block_with("/callback").strip().replace("PUBLIC_URL", settings().public_url) == calendar.redirect_uri()


def test_what_is_to_be_seen_is_what_is_shown():
    told = set(re.findall(r"^ +\| `(\w+)`", PAGE, re.MULTILINE)) | {"connected", "reauth_required"}
    assert all(f"`{word}`" in PAGE for word in told)
    assert told <= {*PaymentState, *ConnectionState, *catalogue()}
