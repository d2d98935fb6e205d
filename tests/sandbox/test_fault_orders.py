"""Ordering faults: what can be ordered, how often it strikes, how it ends."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sandbox.faults.catalogue import KINDS, InvalidOrderError
from sandbox.faults.orders import MOST_FAULTS, Faults, Occasion
from tests.sandbox.peers import Gateway


def ordered(gateway: Gateway) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = gateway.get("/faults").json()["items"]
    return items


def test_an_order_is_answered_with_its_id_and_every_field(gateway: Gateway) -> None:
    answer = gateway.http.post(f"{gateway.sandbox.url}/faults", json={"fault": "delay", "seconds": 2.5, "count": 3})

    assert answer.status_code == 201
    fault = answer.json()
    assert fault.pop("id")
    assert fault == {
        "fault": "delay", "count": 3, "hits": 0, "seconds": 2.5, "on": "any", "order_id": None, "payment_ref": None,
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_of_the_catalogue_can_be_ordered_by_its_name_alone(gateway: Gateway, kind: str) -> None:
    gateway.order(kind)

    assert [(fault["fault"], fault["count"]) for fault in ordered(gateway)] == [(kind, 1)]


def test_the_catalogue_is_told(gateway: Gateway) -> None:
    catalogue = gateway.get("/faults").json()["catalogue"]

    assert {entry["fault"] for entry in catalogue} == set(KINDS)
    assert all(entry["about"].endswith(".") for entry in catalogue)


def test_a_fault_strikes_as_often_as_it_was_ordered(gateway: Gateway) -> None:
    gateway.order("error_500", count=2)

    assert [gateway.init().status_code for _ in range(3)] == [500, 500, 200]
    assert [(fault["count"], fault["hits"]) for fault in ordered(gateway)] == [(0, 2)]


def test_an_endless_fault_strikes_until_it_is_ended(gateway: Gateway) -> None:
    fault = gateway.order("error_500", count=None)
    assert {gateway.init().status_code for _ in range(5)} == {500}

    ended = [gateway.http.delete(f"{gateway.sandbox.url}/faults/{fault}").status_code for _ in range(2)]
    assert ended == [204, 404]
    assert gateway.init().status_code == 200


def test_all_faults_are_ended_at_once(gateway: Gateway) -> None:
    for kind in ("error_500", "redirect", "smtp_550"):
        gateway.order(kind, count=None)

    assert gateway.http.delete(f"{gateway.sandbox.url}/faults").status_code == 204
    assert ordered(gateway) == []
    assert gateway.init().status_code == 200


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "fault must be one of delay, "),
        ({"fault": "earthquake"}, "fault must be one of delay, "),
        ({"fault": ["delay"]}, "fault must be one of delay, "),
        ({"fault": "delay", "secondz": 1}, "secondz is no field of delay; it takes count, seconds, on, "),
        ({"fault": "no_webhook", "seconds": 1}, "seconds is no field of no_webhook; "),
        ({"fault": "smtp_450", "order_id": "o"}, "order_id is no field of smtp_450; it takes count, to"),
        ({"fault": "delay", "count": 0}, "count must be "),
        ({"fault": "delay", "count": "2"}, "count must be "),
        ({"fault": "delay", "count": True}, "count must be "),
        ({"fault": "delay", "seconds": -1}, "seconds must be "),
        ({"fault": "delay", "seconds": "2"}, "seconds must be "),
        ({"fault": "delay", "seconds": True}, "seconds must be "),
        ({"fault": "delay", "seconds": 1e9}, "seconds must be "),
        ({"fault": "delay", "on": "pay"}, "on must be one of create, fetch, any"),
        ({"fault": "delay", "on": ["create"]}, "on must be one of create, fetch, any"),
        ({"fault": "delay", "payment_ref": "x"}, "payment_ref must be 24 hex digits"),
        ({"fault": "duplicate_webhooks", "copies": 101}, "copies must be "),
        ({"fault": "wrong_amount", "amount": 1.5}, "amount must be "),
        ({"fault": "wrong_currency", "currency": "tnd"}, "currency must be "),
        ({"fault": "wrong_receiver", "receiver_wallet": "me"}, "receiver_wallet must be "),
        ({"fault": "redirect", "location": "javascript:alert(1)"}, "location must be "),
        ({"fault": "huge_answer", "megabytes": 10_000}, "megabytes must be "),
        ({"fault": "delay", "email": "me@example.com"}, "email is no field of delay; "),
        ({"fault": "google_401", "order_id": "o"}, "order_id is no field of google_401; it takes count, on, email"),
        ({"fault": "google_401", "on": "refresh"}, "on must be one of insert, "),
        ({"fault": "google_invalid_grant", "on": "insert"}, "on must be one of token, refresh, any"),
        ({"fault": "google_pending", "on": "get"}, "on is no field of google_pending; it takes count, polls, summary"),
        ({"fault": "google_pending", "summary": "s" * 201}, "summary must be words of the event's summary"),
        ({"fault": "google_pending", "polls": -1}, "polls must be "),
        ({"fault": "google_403", "reason": "mood"}, "reason must be one of rateLimitExceeded, "),
        ({"fault": "google_5xx", "status": 404}, "status must be "),
    ],
)
def test_an_order_that_does_not_fit_is_refused_by_field(gateway: Gateway, body: dict[str, Any], says: str) -> None:
    answer = gateway.http.post(f"{gateway.sandbox.url}/faults", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"].startswith(says)
    assert ordered(gateway) == []


@pytest.mark.parametrize("body", [b"", b"fault=delay", b"[]", b'{"fault": "delay", "seconds": Infinity}'])
def test_an_order_that_is_no_json_object_is_refused(gateway: Gateway, body: bytes) -> None:
    assert gateway.http.post(f"{gateway.sandbox.url}/faults", content=body).status_code == 400


def test_there_is_room_for_so_many_faults_once_those_used_up_are_forgotten() -> None:
    faults = Faults(threading.RLock())
    for _ in range(MOST_FAULTS):
        faults.order({"fault": "no_webhook"})
    with pytest.raises(InvalidOrderError, match="on order already"):
        faults.order({"fault": "no_webhook"})

    faults.take("no_webhook", Occasion())
    faults.order({"fault": "no_webhook"})
    assert len(faults.listed()) == MOST_FAULTS
