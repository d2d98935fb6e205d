"""A client of the public API that plays one story, from booking to payout. It knows nothing of who answers."""
