"""Every route says who may call it, or the application does not start."""

from __future__ import annotations

import pytest
from flask import Flask

from app.web.access import AccessUndeclared, declare, public, refuse_undeclared


def application(*views: object) -> Flask:
    app = Flask("doors", static_folder=None)
    for number, view in enumerate(views):
        app.add_url_rule(f"/{number}", endpoint=str(number), view_func=view)
    return app


def test_declared_routes_may_start():
    refuse_undeclared(application(public("anybody may look")(lambda: ""), declare(lambda: "", "admin")))


def test_undeclared_routes_are_named():
    with pytest.raises(AccessUndeclared) as refusal:
        refuse_undeclared(application(lambda: "", public("fine")(lambda: ""), lambda: ""))
    assert str(refusal.value).endswith("for: /0, /2")


def test_the_declaration_tells_why():
    view = public("a page of the payer")(lambda: "")
    assert view.access == "public: a page of the payer"
    assert view._apidoc["promises"].permission == {"public": True, "why": "a page of the payer"}
