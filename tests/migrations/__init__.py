"""The schema: up, down, and what the runtime role may do."""
