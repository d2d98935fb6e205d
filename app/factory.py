"""The roof: puts the rooms together into one Flask application."""

from __future__ import annotations

import click
from flask import Flask
from flask_migrate import Migrate
from sentry_sdk.integrations.flask import FlaskIntegration
from werkzeug.middleware.proxy_fix import ProxyFix

from app.booking.routes import blp as booking
from app.calendar.routes import blp as calendar
from app.choreography import REACTIONS
from app.identity.cli import users
from app.identity.routes import blueprint as identity
from app.infra import logs, outbox, sentry, traces
from app.infra.config import Settings, settings
from app.infra.db import Base
from app.ledger.routes import blp as wallet
from app.mentors.routes import blp as mentors
from app.notifications.routes import blp as notifications
from app.ops.cli import letters, tell_health
from app.ops.routes import blp as ops
from app.ops.routes import health_blp as health
from app.payments.routes import blp as payments
from app.payments.webhooks import blp as webhooks
from app.payouts.routes import blp as payouts
from app.payouts.webhooks import blp as payout_links
from app.web import access, documents, requests
from app.web.api import ProblemApi
from app.web.blueprint import RoomBlueprint

BLUEPRINTS: tuple[RoomBlueprint, ...] = (
    identity, mentors, calendar, booking, payments, webhooks, payouts, payout_links, wallet, notifications, ops, health,
)  # fmt: skip
COMMANDS: tuple[click.Command, ...] = (users, letters, tell_health)


class Metadata:
    """What Flask-Migrate wants to see of a database extension."""

    metadata = Base.metadata


def create_app() -> Flask:
    """Return the application; refuse to start with unsafe settings or with a route that nobody declared."""
    chosen = settings()
    logs.configure(chosen.log_level)
    sentry.start(FlaskIntegration(transaction_style="url"))
    traces.start("api")
    outbox.install(REACTIONS)
    app = Flask(__name__, static_folder=None)
    app.config.from_mapping(_flask_config(chosen))
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's default provider
    requests.register(app)
    _register_rooms(app)
    app.register_blueprint(documents.blp)
    if chosen.trusted_proxies:
        behind_proxies = ProxyFix(app.wsgi_app, x_for=chosen.trusted_proxies, x_proto=chosen.trusted_proxies)
        app.wsgi_app = behind_proxies  # type: ignore[method-assign]  # as Flask's documentation has it
    Migrate(app, Metadata(), directory="migrations")
    access.refuse_undeclared(app)
    return app


def _flask_config(chosen: Settings) -> dict[str, object]:
    return {
        "MAX_CONTENT_LENGTH": chosen.max_body_bytes,
        "API_TITLE": "Amana",
        "API_VERSION": "1",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/",
        "OPENAPI_JSON_PATH": "openapi.json",
        "API_SPEC_OPTIONS": {"info": {"description": documents.CONVENTIONS}},
        "PROPAGATE_EXCEPTIONS": False,
    }


def _register_rooms(app: Flask) -> None:
    api = ProblemApi(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    for command in COMMANDS:
        app.cli.add_command(command)
