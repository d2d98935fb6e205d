"""Payouts: a mentor's earnings on their way to the mentor's own wallet at the gateway. Knows nothing of bookings."""
