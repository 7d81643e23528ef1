"""A certificate for a server on this machine, by an authority that is made for one run only."""

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
_AUTHORITY = "sandbox authority"
#: No client looks at it: what counts is the alternative name, which may be longer.
_SERVER = "sandbox server"


@dataclass(frozen=True, slots=True)
class Files:
    """PEM files: what a client has to trust, and what the server shows and keeps.

    The authority's own key is in none of them: nothing else can be signed with it.
    """

    authority: Path
    certificate: Path
    key: Path


def make(folder: Path, host: str) -> Files:
    """An authority and a certificate by it for one IP address or host name, in `folder`."""
    files = Files(folder / "authority.pem", folder / "certificate.pem", folder / "key.pem")
    signing, showing = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    itself = x509.SubjectKeyIdentifier.from_public_key(signing.public_key())
    authority = (
        _started(_AUTHORITY, signing.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(itself, critical=False)
        .sign(signing, hashes.SHA256())
    )
    by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(itself)
    certificate = (
        _started(_SERVER, showing.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_known_as(host)]), critical=False)
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


def _known_as(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _started(subject: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(_AUTHORITY))
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
