"""Sessions booked, held and cancelled; the slots that can be booked."""
