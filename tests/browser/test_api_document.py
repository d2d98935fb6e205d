"""The API document in a real browser: it needs nothing from outside, and its operations can be read and tried."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import NAME, PATIENCE_MILLISECONDS, find_chromium, started
from tests.served import served

expect.set_options(timeout=PATIENCE_MILLISECONDS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = find_chromium()
    if executable is None:
        pytest.skip("there is no chromium on this machine: apt-get install chromium")
    with started(executable) as running:
        yield running


@pytest.fixture(scope="module")
def address(flask_app: Flask) -> Iterator[str]:
    with served(flask_app, NAME) as found:
        yield found


@pytest.fixture
def asked() -> list[str]:
    """Every address that the page asks for."""
    return []


@pytest.fixture
def complaints() -> list[str]:
    """What the browser writes on its console as an error, and what scripts raise."""
    return []


@pytest.fixture
def page(browser: Browser, address: str, asked: list[str], complaints: list[str]) -> Iterator[Page]:
    """Open the document, and have nothing asked for outside and no error, whatever the test does with it."""
    opened = browser.new_page()
    opened.set_default_timeout(PATIENCE_MILLISECONDS)
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"{address}/")
    expect(opened.locator("#operations-bookings-bookings_book")).to_be_visible()
    yield opened
    opened.close()
    assert complaints == []
    assert {urlsplit(url).hostname for url in asked if not url.startswith("data:")} == {NAME}


def test_the_front_door_leads_to_the_whole_document(page: Page, flask_app: Flask) -> None:
    document = flask_app.test_client().get("/openapi.json").get_json()
    operations = sum(len(set(item) - {"parameters"}) for item in document["paths"].values())
    expect(page.locator(".opblock")).to_have_count(operations)
    expect(page.get_by_role("heading", name="Amana")).to_be_visible()


def test_an_operation_tells_who_may_call_what_to_send_and_how_it_refuses(page: Page) -> None:
    operation = page.locator("#operations-bookings-bookings_book")
    operation.locator(".opblock-summary-control").click()
    expect(operation).to_contain_text("x-permission")
    expect(operation).to_contain_text("Idempotency-Key")
    expect(operation.locator(".responses-table").first).to_contain_text("too_many_unpaid")
    expect(operation.locator("textarea")).to_have_value(
        '{\n  "offering_id": "01a1fad5-4f71-7c02-a3ed-2a6e275bfec1",\n  "starts_at": "2026-11-23T09:00:00Z",\n'
        '  "note": "I would like to speak about indexes."\n}'
    )


def test_an_operation_can_be_tried(page: Page) -> None:
    operation = page.locator("#operations-health-health_show_liveness")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response")
    expect(answer.locator(".response-col_status").first).to_have_text("200")
    expect(answer).to_contain_text('"status": "healthy"')


def test_a_problem_leads_to_its_page(page: Page, address: str) -> None:
    page.goto(f"{address}/problems")
    page.get_by_role("link", name="slot_taken").click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    page.get_by_role("link", name="The API document").click()
    expect(page.locator("#operations-bookings-bookings_book")).to_be_visible()
