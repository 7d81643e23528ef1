"""A certificate for the local AWS, by an authority that is made for one run only."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: Longer than any run; the hour before covers a clock that is set back.
VALID = timedelta(days=7)
_SLACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Files:
    """PEM files: what a client has to trust, and what the server shows and keeps.

    The authority's own key is in none of them: nothing else can be signed with it.
    """

    authority: Path
    certificate: Path
    key: Path


def make(folder: Path, address: str) -> Files:
    """An authority and a certificate by it for one IP address, in `folder`."""
    files = Files(folder / "authority.pem", folder / "certificate.pem", folder / "key.pem")
    signing, showing = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    itself = x509.SubjectKeyIdentifier.from_public_key(signing.public_key())
    authority = (
        _started("sandbox authority", "sandbox authority", signing.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(itself, critical=False)
        .sign(signing, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(itself)
    certificate = (
        _started("local AWS", "sandbox authority", showing.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .add_extension(by, critical=False)
        .sign(signing, hashes.SHA256())
    )
    files.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.touch(mode=0o600)
    files.key.write_bytes(
        showing.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def _started(subject: str, issuer: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + VALID)
    )


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
