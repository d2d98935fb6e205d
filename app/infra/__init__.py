"""Plumbing that knows neither Flask nor any room: settings, database, outbox, idempotency, outgoing HTTP, logs."""
