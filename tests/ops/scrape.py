"""/metrics as Prometheus reads it."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

#: One number: its name and the values of its labels, in the order of their names.
Key = tuple[str, ...]


def parse(page: str) -> dict[Key, float]:
    """Return every number of the page."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def scrape(client: Any, **headers: str) -> dict[Key, float]:
    """Read /metrics, which must be shown."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return parse(answer.text)


def pings(client: Any) -> dict[Key, float]:
    """Return how many pings of gateways were counted, by gateway and by what became of them."""
    return {key[1:]: value for key, value in scrape(client).items() if key[0] == "amana_webhooks_total"}
