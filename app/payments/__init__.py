"""Orders, payment attempts, the webhook inbox, top-ups. Knows nothing of bookings: an order is money for something."""
