"""The use cases of identity. Other rooms call `get_person`, `get_people` and `add_role`."""

from app.identity.service.people import Person, add_role, find_roles, get_people, get_person

__all__ = ["Person", "add_role", "find_roles", "get_people", "get_person"]
