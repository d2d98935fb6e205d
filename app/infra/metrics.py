"""What this process counts. What Postgres knows is not counted here: it is asked when /metrics is read."""

from __future__ import annotations

from prometheus_client import Counter

WEBHOOKS = Counter("amana_webhooks_total", "Pings of gateways, by what became of them", ["gateway", "outcome"])
