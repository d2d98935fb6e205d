"""The embedded default: PostgreSQL and Valkey without root, Docker or packages; the supervisor of the world."""
