"""The whole flow over HTTP: a mentor with hours and an offering, a learner who books and pays, and both are told."""

from __future__ import annotations

from datetime import timedelta

from tests.factories.identity import token_for
from tests.payments.world import API, World


def test_from_an_offering_to_a_confirmed_booking(world: World) -> None:
    mentor, learner = world.person(), world.person()
    acting = token_for(mentor)

    def put(method: str, path: str, body: object) -> dict:
        answer = world.client.open(API + path, method=method, json=body, headers=acting)
        assert answer.status_code in (200, 201), answer.text
        return answer.json

    put("POST", "/mentors", {"headline": "Databases", "bio": "Twenty years of them.", "skills": ["postgres"]})
    price = {"amount": 45_000, "currency": "TND"}
    offering = put(
        "POST", "/mentors/me/offerings",
        {"title": "One hour", "description": "Ask me anything.", "duration_minutes": 60, "price": price},
    )  # fmt: skip
    hours = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in ("monday", "wednesday", "friday")]
    put("PUT", "/mentors/me/availability", {"timezone": "Africa/Tunis", "rules": hours})
    window = {"from": world.now().isoformat(), "to": (world.now() + timedelta(days=7)).isoformat()}
    slots = world.client.get(
        f"{API}/mentors/{mentor.id}/slots", query_string={"offering_id": offering["id"]} | window
    ).json["items"]

    booking = world.post(learner, "/bookings", {"offering_id": offering["id"], "starts_at": slots[0]["starts_at"]}).json
    assert (booking["status"], booking["order"]["status"]) == ("awaiting_payment", "open")
    world.pay(world.link(booking["payment"]["id"]))

    found = world.booking(learner, booking["id"])
    assert (found["status"], found["order"]["status"], found["payment"]["status"]) == ("confirmed", "paid", "captured")
    assert found["escrow"] == {"status": "funded", "amount": price | {"formatted": "45.000 TND"}}
    assert world.booking(mentor, booking["id"])["status"] == "confirmed"
    for person in (mentor, learner):
        (mail,) = world.gateway.get("/mailbox", to=person.email).json()["items"]
        assert mail["subject"].startswith("Confirmed")
    world.check_books()
