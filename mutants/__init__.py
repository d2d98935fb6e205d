"""Lies about money, delivery and states that the tests must find out: `make mutants`."""
