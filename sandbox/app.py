"""The HTTP side of the sandbox as one Flask application."""

from __future__ import annotations

from flask import Flask, Response, jsonify

from sandbox import control, refusals
from sandbox.faults import routes as fault_routes
from sandbox.google import calendarwire, consent, eventwire, oauth
from sandbox.google import listing as google_listing
from sandbox.konnect import listing, money, paypage, wire
from sandbox.mail import routes as mail_routes
from sandbox.world import World

LARGEST_BODY = 1024 * 1024
"""Bytes."""

KONNECT = (wire, paypage, listing)
GOOGLE = (consent, oauth, eventwire, calendarwire, google_listing)

PAGES_MAY = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; frame-src 'self'"
"""What pages may load: nothing but our style sheet. Mails are shown in them, and a mail may hold anything."""


def create_app(world: World) -> Flask:
    """Make the application that shows `world`; it answers to names of loopback only (a rebound DNS name gets 400)."""
    app = Flask("sandbox")
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_BODY, TRUSTED_HOSTS=["127.0.0.1", "localhost", "[::1]"])
    app.extensions["world"] = world
    app.jinja_env.filters["money"] = money.formatted
    for room in (*KONNECT, *GOOGLE, mail_routes, fault_routes, control):
        app.register_blueprint(room.blueprint)
    app.add_url_rule("/health", view_func=health)
    app.after_request(guard_pages)
    refusals.install(app)
    return app


def health() -> Response:
    """Say that it runs."""
    return jsonify(status="ok")


def guard_pages(answer: Response) -> Response:
    """Pages load nothing from outside, and nobody keeps an answer."""
    answer.headers.setdefault("Content-Security-Policy", PAGES_MAY)
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer
