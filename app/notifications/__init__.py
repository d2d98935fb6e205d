"""Notifications: a user's own inbox, and the alarms that tell the back office of what only a person can put right."""
