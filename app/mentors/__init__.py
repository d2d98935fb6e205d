"""Mentors: who they are, what they offer, and when they are open."""
