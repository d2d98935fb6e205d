"""A small application built with our toolkit and nothing else: what is true of it is true of every room."""

from __future__ import annotations

import threading
from functools import wraps
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Flask, g, request
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.infra.config import settings
from app.infra.correlation import correlation_id
from app.kernel.errors import Forbidden, InvalidInput, NotFound, Refusal, TooMany, Unauthenticated
from app.kernel.ids import new_id
from app.kernel.money import Money
from app.web import access, cursors, requests, strict_json
from app.web.actor import Actor
from app.web.api import ProblemApi
from app.web.blueprint import room_blueprint
from app.web.idempotent import idempotent
from app.web.schemas import Input, Instant, MoneyField, PageQuery, WholeNumber
from app.web.transaction import request_scope
from app.web.waiting import answer_when_changed, waits
from tests.patience import PATIENCE_SECONDS

blp = room_blueprint("small", "What the toolkit does.")

#: Reached by two runs of the same key at once: the first waits here until the others have been answered.
gate = threading.Event()


class Line(Input):
    title = ma.fields.String(required=True, validate=ma.validate.Length(1, 20))
    count = WholeNumber()


class Order(Input):
    lines = ma.fields.List(ma.fields.Nested(Line), required=True)
    at = Instant()
    price = MoneyField()
    query = ma.fields.Nested(Line)


class Answer(ma.Schema):
    id = ma.fields.UUID()
    price = MoneyField()
    at = Instant()


class Row(ma.Schema):
    version = ma.fields.Integer()


def signed_in(view):
    """Take the caller from a header, as the guard of identity takes it from a token."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any):
        if "X-User" not in request.headers:
            raise Unauthenticated
        g.actor = Actor(UUID(request.headers["X-User"]), frozenset())
        return view(*args, **kwargs)

    return access.declare(guarded, "any user of this test")


@blp.route("/orders", methods=["POST"])
@access.public("a test")
@blp.arguments(Order)
@blp.response(200, Answer)
def read_order(order):
    return {"id": new_id(), "price": order.get("price"), "at": order.get("at")}


@blp.route("/bodies", methods=["POST"])
@access.public("a test")
def read_body():
    return {"read": strict_json.body()}


@blp.route("/numbers")
@access.public("a test")
@blp.arguments(PageQuery, location="query")
def list_numbers(query):
    start = cursors.decode("numbers", query["cursor"])
    first = start[0] + 1 if start else 0
    return cursors.page("numbers", range(first, min(first + query["limit"] + 1, 7)), query["limit"], lambda n: [n])


@blp.route("/letters")
@access.public("a test")
@blp.arguments(PageQuery, location="query")
def list_letters(query):
    start = cursors.decode("letters", query["cursor"])
    return cursors.page("letters", "abcdefg"[start[0] if start else 0 :], query["limit"], lambda _: [1])


REFUSALS: dict[str, Exception] = {
    "refusal": Refusal("Not now."),
    "not-found": NotFound(),
    "forbidden": Forbidden(),
    "unauthenticated": Unauthenticated(),
    "too-many": TooMany(retry_after=17),
    "invalid": InvalidInput("Not that one.", pointer="/lines/0/title"),
    "mistake": RuntimeError("secret-7f3a in a message of ours"),
    "pool": PoolTimeout("QueuePool limit reached, secret-7f3a"),
}


@blp.route("/refusals/<name>")
@access.public("a test")
def refuse(name):
    raise REFUSALS[name]


@blp.route("/statements", methods=["POST"])
@access.public("a test")
def run_statement():
    with request_scope() as session:
        session.execute(text(strict_json.body()["sql"]), strict_json.body().get("parameters"))
    return {"correlation_id": correlation_id()}


@blp.route("/works", methods=["POST"])
@signed_in
@idempotent
@blp.arguments(Line)
@blp.response(201, Answer)
def work_once(line):
    """Insert a row; the title of the line says what else happens."""
    made = new_id()
    with request_scope() as session:
        session.execute(text("INSERT INTO work VALUES (:id, :title)"), {"id": made, "title": line["title"]})
        if line["title"] == "slow":
            gate.wait(PATIENCE_SECONDS)
        if line["title"] == "refused":
            raise Refusal("Not now.")
        if line["title"] == "crash":
            raise RuntimeError("in the middle")
        if line["title"] == "contended":
            _deadlock_once(session)
    return {"id": made, "price": Money(1, "TND")}, 201, {"Location": f"/api/v1/works/{made}"}


def _deadlock_once(session) -> None:
    """Fail as a deadlock would, on the first run only."""
    g.runs = g.get("runs", 0) + 1
    if g.runs == 1:
        session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$"))


@blp.route("/rows/<uuid:row_id>")
@access.public("a test")
@waits
@blp.response(200, Row)
def get_row(row_id):
    return answer_when_changed(lambda: _read_row(row_id), version=lambda row: row["version"], rows=lambda _: [row_id])


def _read_row(row_id):
    with request_scope() as session:
        return {"version": session.scalar(text("SELECT version FROM watched WHERE id = :id"), {"id": row_id})}


def make_app() -> Flask:
    app = Flask("small", static_folder=None)
    app.config.from_mapping(
        MAX_CONTENT_LENGTH=settings().max_body_bytes,
        API_TITLE="Small",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        PROPAGATE_EXCEPTIONS=False,
    )
    requests.register(app)
    ProblemApi(app).register_blueprint(blp)
    access.refuse_undeclared(app)
    return app
