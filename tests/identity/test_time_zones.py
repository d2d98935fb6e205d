"""A person's time zone is kept under its present name."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.factories.identity import MadeUser, token_for


@pytest.mark.parametrize(("sent", "kept"), [("Asia/Calcutta", "Asia/Kolkata"), ("Europe/Paris", "Europe/Paris")])
def test_an_old_name_becomes_the_present_one(client: FlaskClient, amina: MadeUser, sent: str, kept: str) -> None:
    answer = client.patch("/api/v1/me", headers=token_for(amina), json={"timezone": sent})
    assert answer.json["timezone"] == kept


@pytest.mark.parametrize("sent", ["EST", "Etc/GMT+1", "../etc/passwd", "Africa/Nowhere", ""])
def test_what_is_no_place_is_refused(client: FlaskClient, amina: MadeUser, sent: str) -> None:
    answer = client.patch("/api/v1/me", headers=token_for(amina), json={"timezone": sent})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == ["/timezone"]
