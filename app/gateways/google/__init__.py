"""Google: OAuth 2.0 for the consent of a mentor, and Calendar v3 with Meet links."""
