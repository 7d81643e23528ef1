"""The sandbox's certificates hold for the one host they were made for, by address or by name."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from sandbox.certificate import make


@pytest.mark.parametrize(
    ("host", "known_as"),
    [
        ("127.0.0.1", x509.IPAddress(ipaddress.ip_address("127.0.0.1"))),
        ("::1", x509.IPAddress(ipaddress.ip_address("::1"))),
        ("api.example.com", x509.DNSName("api.example.com")),
    ],
)
def test_a_certificate_is_for_its_address_or_name_alone(
    tmp_path: Path, host: str, known_as: x509.GeneralName
) -> None:
    shown = x509.load_pem_x509_certificate(make(tmp_path, host).certificate.read_bytes())
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [known_as]


def test_an_authority_vouches_for_its_own_certificate_and_its_key_is_nowhere(
    tmp_path: Path,
) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    one, two = (make(folder, "127.0.0.1") for folder in folders)
    shown = x509.load_pem_x509_certificate(one.certificate.read_bytes())
    shown.verify_directly_issued_by(x509.load_pem_x509_certificate(one.authority.read_bytes()))
    with pytest.raises(InvalidSignature):
        shown.verify_directly_issued_by(x509.load_pem_x509_certificate(two.authority.read_bytes()))
    assert sorted(folders[0].iterdir()) == sorted([one.authority, one.certificate, one.key])
    assert one.key.stat().st_mode & 0o077 == 0
