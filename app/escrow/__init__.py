"""The money held for one booking, from payment until the session was held, or returned."""
