"""The bodies of identity's routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma

from app.identity import passwords, rules
from app.identity.states import Role
from app.kernel import zones
from app.kernel.errors import InvalidInput
from app.web.schemas import Input, like

#: Longest token or foreign address that is looked at, in characters.
MAX_TEXT = 512

#: A token, as examples show one.
RANDOM = "kq7Zp0m5tT3s8wYcA1bN4xJ6hR9fL2vD"


class RuledText(ma.fields.String):
    """Text that one of our rules reads."""

    def __init__(self, read: Callable[[str], str], **kwargs: Any) -> None:
        """Take the rule, which returns the value or raises InvalidInput."""
        super().__init__(**kwargs)
        self._read = read

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        try:
            return self._read(super()._deserialize(value, attr, data, **kwargs))
        except InvalidInput as refusal:
            raise ma.ValidationError(refusal.detail) from None


def _name(**kwargs: Any) -> RuledText:
    described = {"minLength": 1, "maxLength": rules.MAX_NAME} | like("Amina Ben Salah")
    return RuledText(rules.read_name, metadata=described, **kwargs)


def _timezone(**kwargs: Any) -> RuledText:
    return RuledText(zones.canonical, metadata=like("Africa/Tunis", "a place of the IANA time zones, or UTC"), **kwargs)


def _address() -> RuledText:
    described = {"format": "email", "maxLength": rules.MAX_ADDRESS} | like("amina@example.com")
    return RuledText(rules.read_address, required=True, metadata=described)


def _text(example: str, **kwargs: Any) -> ma.fields.String:
    """Text that is only compared: any is accepted, up to a size."""
    return ma.fields.String(required=True, validate=ma.validate.Length(1, MAX_TEXT), metadata=like(example), **kwargs)


class RegistrationBody(Input):
    """Who somebody wants to be."""

    email = _address()
    password = ma.fields.String(
        required=True,
        validate=ma.validate.Length(passwords.MIN_LENGTH, passwords.MAX_LENGTH),
        load_only=True,
        metadata=like("a word among friends"),
    )
    name = _name(required=True)
    timezone = _timezone(required=True)


class AddressBody(Input):
    """An address."""

    email = _address()


class LinkBody(Input):
    """The token of a link that was mailed."""

    token = _text(RANDOM, load_only=True)


class LoginBody(Input):
    """An address and its password; `totp` where the account has one."""

    email = _text("amina@example.com")
    password = ma.fields.String(
        required=True,
        validate=ma.validate.Length(1, passwords.MAX_LENGTH),
        load_only=True,
        metadata=like("a word among friends"),
    )
    totp = ma.fields.String(validate=ma.validate.Length(max=16), load_only=True, metadata=like("492039"))


class RefreshBody(Input):
    """A refresh token."""

    refresh_token = _text(RANDOM, load_only=True)


class ProfileChanges(Input):
    """What users change about themselves."""

    name = _name()
    timezone = _timezone()


class ProfileAnswer(ma.Schema):
    """A user, as they see themselves."""

    id = ma.fields.UUID(required=True)
    email = ma.fields.String(required=True, metadata=like("amina@example.com"))
    name = ma.fields.String(required=True, metadata=like("Amina Ben Salah"))
    timezone = ma.fields.String(required=True, metadata=like("Africa/Tunis"))
    roles = ma.fields.List(ma.fields.Enum(Role, by_value=True), required=True)
    mentor_id = ma.fields.UUID(required=True, allow_none=True, metadata={"description": "a mentor's id is the user's"})
    picture_url = ma.fields.String(required=True, allow_none=True, metadata=like("https://pictures.example/1.jpg"))


class AcceptedAnswer(ma.Schema):
    """What happens next, whoever asks."""

    message = ma.fields.String(required=True, metadata=like("A mail is on its way."))


class VerifiedAnswer(ma.Schema):
    """The user whose address is proved."""

    user = ma.fields.Nested(ProfileAnswer, required=True)


class TokenPairAnswer(ma.Schema):
    """What a client keeps. `expires_in` counts the seconds of the access token."""

    access_token = ma.fields.String(required=True, metadata=like("eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.e30.4Vq"))
    token_type = ma.fields.String(required=True, validate=ma.validate.OneOf(["Bearer"]))
    expires_in = ma.fields.Integer(required=True, metadata=like(600))
    refresh_token = ma.fields.String(required=True, metadata=like(RANDOM))


class SignedInAnswer(TokenPairAnswer):
    """The first pair, and who signed in."""

    user = ma.fields.Nested(ProfileAnswer, required=True)
