"""What cases refer to: the scene of tests/api, and the secrets that only letters, gateways and Google bring."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import httpx
from flask import Flask

from app.infra import crypto, metrics
from app.payments.service import attempts
from app.payouts.service import links
from sandbox.server import Sandbox
from tests.api.scene import Scene, set_scene
from tests.booking.world import API, World
from tests.draining import drain_deliveries
from tests.factories.identity import token_for

METRICS_TOKEN = "3c1f0b9e5d7a48c2a6e4f8130d9b7c52"


def settings_for(outside: Sandbox) -> dict[str, str]:
    """Return what must be set beside what the scene needs."""
    return {
        "GOOGLE_AUTH_URL": f"{outside.google_url}/o/oauth2/v2/auth",
        "GOOGLE_TOKEN_URL": f"{outside.google_url}/token",
        "GOOGLE_USERINFO_URL": f"{outside.google_url}/v1/userinfo",
        "METRICS_TOKEN": METRICS_TOKEN,
        # What the parts of the system have shown of themselves when the stage was set holds for all of the run.
        "SWEEP_SECONDS": "600",
        "CANARY_SECONDS": "600",
    }


def set_stage(app: Flask, outside: Sandbox) -> Scene:
    """Set the scene in the database of this process, and add what a caller would have got by other ways."""
    scene = set_scene(World(app, outside, drain_deliveries))
    show_that_all_parts_work(scene)
    scene.ids.update(
        token=mailed_token(scene),
        refresh_token=refresh_token(scene),
        payment_mac=crypto.mac(attempts.WEBHOOK_LABEL, scene.ids["payment"]),
        link_mac=crypto.mac(links.WEBHOOK_LABEL, scene.ids["link"]),
    )
    return scene


def show_that_all_parts_work(scene: Scene) -> None:
    """Send a canary through every queue, and have Beat tick: without them /health says, rightly, that nobody works."""
    from tasks.maintenance import send_canaries  # noqa: PLC0415 - it reads the settings, which are set by now

    send_canaries()
    scene.world.drain()
    metrics.BEAT_TICKS.add()
    metrics.flush()


def mailed_token(scene: Scene) -> str:
    """Register somebody, and return the token of the link that was mailed."""
    body = {"email": "new@amana.test", "password": "a long enough one", "name": "Nour", "timezone": "Africa/Tunis"}
    assert scene.world.client.post(f"{API}/auth/register", json=body).status_code == 202
    scene.world.drain()
    (mail,) = httpx.get(f"{scene.world.outside.url}/mailbox", params={"to": body["email"]}).json()["items"]
    return re.search(r"token=([\w.~-]+)", mail["text"])[1]


def refresh_token(scene: Scene) -> str:
    """Sign in, and return what the next pair of tokens is got with."""
    learner = scene.people["learner"]
    body = {"email": learner.email, "password": learner.password}
    return scene.world.client.post(f"{API}/auth/login", json=body).json["refresh_token"]


def consent(scene: Scene) -> dict[str, str]:
    """Have the mentor allow it on Google's page, and return the state and the code that come back."""
    begun = scene.world.client.post(
        f"{API}/calendar/google/connect", json={}, headers=token_for(scene.people["mentor"])
    ).json
    path, _, query = begun["authorization_url"].partition("?")
    clicked = httpx.post(f"{path}/allow?{query}", params=parse_qs(query) | {"email": scene.people["mentor"].email})
    sent = parse_qs(urlsplit(clicked.headers["Location"]).query)
    return {"state": sent["state"][0], "code": sent["code"][0]}
