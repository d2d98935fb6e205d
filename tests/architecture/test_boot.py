"""The application starts only when every route says who may call it."""

from __future__ import annotations

import ast

import pytest

from app.web import access
from tests.architecture.sources import ROOT, dotted


def test_every_route_of_the_application_says_who_may_call_it(flask_app):
    for rule in flask_app.url_map.iter_rules():
        if rule.endpoint not in access.DOCUMENTS:
            assert flask_app.view_functions[rule.endpoint].access, rule


def test_a_route_without_a_declaration_stops_the_start(services):
    from app.factory import create_app  # noqa: PLC0415 - it reads the settings, which `services` has set

    app = create_app()
    app.add_url_rule("/back-door", view_func=lambda: "in")
    with pytest.raises(access.AccessUndeclared, match="/back-door"):
        access.refuse_undeclared(app)


def test_the_check_is_the_last_thing_before_the_application_is_handed_out():
    tree = ast.parse((ROOT / "app/factory.py").read_text())
    create_app = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "create_app")
    check, answer = create_app.body[-2:]
    assert isinstance(answer, ast.Return)
    assert isinstance(check, ast.Expr)
    assert dotted(check.value.func) == "access.refuse_undeclared"
