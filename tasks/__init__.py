"""The side stairs: Celery tasks, one file for each room that reacts, and the relay that starts them."""
