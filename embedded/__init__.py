"""The embedded default: PostgreSQL and Valkey on any machine, and the supervisor that runs the world."""
