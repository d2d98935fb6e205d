"""Faults on order: everything an outside world does wrong sooner or later, at a time one chooses."""
