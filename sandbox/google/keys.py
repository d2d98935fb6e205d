"""The key that signs id_tokens: RS256, made when it is first needed, shown as a certificate and as a JWK."""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER = "https://accounts.google.com"


class SigningKey:
    """One RSA key for the life of the sandbox."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(20)
        self._making = threading.Lock()

    @cached_property
    def _made(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65_537, key_size=2048)

    @property
    def _key(self) -> rsa.RSAPrivateKey:
        with self._making:  # two first callers must not sign with two keys
            return self._made

    def sign(self, claims: Mapping[str, object]) -> str:
        """Return the claims as a signed JWT (RFC 7515, compact)."""
        header = {"alg": "RS256", "kid": self.id, "typ": "JWT"}
        signed = f"{_encoded_json(header)}.{_encoded_json(claims)}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_encoded(signature)}"

    @cached_property
    def certificate(self) -> str:
        """The public key as a self-signed X.509 certificate, PEM."""
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "google.sandbox")])
        now = datetime.now(tz=UTC)
        builder = (
            x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365))
        )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def jwk(self) -> dict[str, str]:
        """Return the public key as a JWK (RFC 7517)."""
        numbers = self._key.public_key().public_numbers()
        n, e = (_encoded(number.to_bytes((number.bit_length() + 7) // 8)) for number in (numbers.n, numbers.e))
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": n, "e": e}


def _encoded_json(value: Mapping[str, object]) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
