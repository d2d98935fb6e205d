"""Every row of the table of connections is taken: a grant is lost, and allowed again."""

from __future__ import annotations

import psycopg

from app.calendar.states import CONNECTION
from tests.calendar.town import Town
from tests.witness import watching

WALKED = (CONNECTION,)


def test_every_row_is_taken_and_nothing_else(town: Town, owner: psycopg.Connection) -> None:
    with watching(owner, *WALKED) as witness:
        booked = town.book(town.connected_mentor())
        town.fault("google_401", count=2)
        town.drain()
        assert town.get(booked.mentor, "/calendar")["status"] == "reauth_required"
        assert town.complete(booked.mentor, **town.consent(booked.mentor)).json["status"] == "connected"
        witness.check()
