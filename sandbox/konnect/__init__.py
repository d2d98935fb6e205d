"""Konnect (konnect.network), API v2, as its public documentation has it: wire, pay page and webhook."""
