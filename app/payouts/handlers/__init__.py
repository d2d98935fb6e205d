"""Reactions to events about payouts: what is asked of the gateway, and what mentors are told."""

from app.payouts.handlers.links import ask_for_link, look_at
from app.payouts.handlers.news import write_charge, write_paid, write_rejection, write_return

__all__ = ["ask_for_link", "look_at", "write_charge", "write_paid", "write_rejection", "write_return"]
