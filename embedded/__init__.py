"""The embedded default: PostgreSQL and Valkey without root, Docker or packages, and the supervisor that runs the world."""
