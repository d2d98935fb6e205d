"""Mentors' Google calendars: connecting them, keeping their tokens, putting sessions into them.

Knows nothing of bookings: whoever decides that people meet says so, under an id of its own.
"""
