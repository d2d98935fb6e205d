"""The use cases of identity. Other rooms call `get_person`, `get_people`, `lock_person` and `add_role`."""

from app.identity.service.people import (
    Person,
    Profile,
    add_role,
    change_profile,
    find_roles,
    get_people,
    get_person,
    get_profile,
    lock_person,
)
from app.identity.service.registration import Registration, create_admin, register, resend_verification, verify_email
from app.identity.service.retention import purge_links, purge_sign_ins
from app.identity.service.sign_in import SignedIn, TokenPair, refresh, sign_in, sign_out

__all__ = [
    "Person",
    "Profile",
    "Registration",
    "SignedIn",
    "TokenPair",
    "add_role",
    "change_profile",
    "create_admin",
    "find_roles",
    "get_people",
    "get_person",
    "get_profile",
    "lock_person",
    "purge_links",
    "purge_sign_ins",
    "refresh",
    "register",
    "resend_verification",
    "sign_in",
    "sign_out",
    "verify_email",
]
