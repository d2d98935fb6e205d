"""Amana: what is given into safekeeping. The rooms of the house are described in docs/architecture.md."""
