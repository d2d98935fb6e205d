"""Outgoing HTTPS: the same promises, and only to whom the certificate names."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.infra import http
from app.kernel.errors import TransientFailure
from tests.infra.peer import drips, get, given_up, peer, says

pytestmark = pytest.mark.usefixtures("chosen_settings")

OK = says("200 OK", body=b"{}")


def certificate(folder, address):
    """Return a server's context with a certificate of its own for this address, and where the certificate lies."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "the other side")])
    now = datetime.now(tz=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context, str(folder / "certificate.pem")


@pytest.fixture
def trusting(monkeypatch):
    """Return a function that makes this process trust a certificate."""

    def trust(path):
        monkeypatch.setenv("SSL_CERT_FILE", path)
        http._tls.cache_clear()

    yield trust
    http._tls.cache_clear()


def test_an_answer_comes_back_over_tls(tmp_path, trusting):
    context, path = certificate(tmp_path, "127.0.0.1")
    trusting(path)
    with peer(OK, context) as other:
        assert get(f"{other.url}/payments").body == b"{}"
    assert other.asked[0].startswith(b"GET /payments HTTP/1.1\r\n")


def test_a_drip_over_tls_does_not_outlive_the_deadline(tmp_path, trusting, one_second, stop):
    context, path = certificate(tmp_path, "127.0.0.1")
    trusting(path)
    with peer(drips(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", stop), context) as other:
        assert given_up(get, other.url) == "127.0.0.1 did not answer in time"
        stop.set()


def test_a_certificate_that_nobody_vouches_for_gets_nothing(tmp_path):
    context, _ = certificate(tmp_path, "127.0.0.1")
    with peer(OK, context) as other, pytest.raises(TransientFailure, match="SSLCertVerificationError"):
        get(other.url)
    assert other.asked == []


def test_a_certificate_for_somebody_else_gets_nothing(tmp_path, trusting):
    context, path = certificate(tmp_path, "10.0.0.7")
    trusting(path)
    with peer(OK, context) as other, pytest.raises(TransientFailure, match="SSLCertVerificationError"):
        get(other.url)
    assert other.asked == []
