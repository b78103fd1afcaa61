"""Certificates for servers of a test, from a private issuer."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TODAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
A_DAY = timedelta(1)


class Authority:
    """A private issuer of certificates, and servers' contexts with them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Private Root")])
        self.file = str(path / "root.pem")
        root = self._certificate(self._name, self._key, TODAY - timedelta(9), TODAY + timedelta(9), ca=True)
        Path(self.file).write_bytes(root)

    def context(self, starts: datetime, ends: datetime, host: str = "localhost", self_signed: bool = False) -> Any:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        pem = self._certificate(name, key, starts, ends, host=host, signed_by=key if self_signed else None)
        pem += _private(key)
        file = self._path / "server.pem"
        file.write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def chain_context(self, *, is_complete: bool) -> Any:
        """A server's context whose certificate is from an issuer in between, which the server sends or not."""
        between_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        between_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Private Issuer")])
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        between = self._certificate(between_name, between_key, TODAY - A_DAY, TODAY + A_DAY, ca=True)
        own, self._name = self._name, between_name
        pem = self._certificate(name, key, TODAY - A_DAY, TODAY + A_DAY, host="localhost", signed_by=between_key)
        self._name = own
        file = self._path / "chain.pem"
        file.write_bytes(pem + (between if is_complete else b"") + _private(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def client(self) -> tuple[str, str]:
        """A client's certificate and its key, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a client")])
        certificate = self._certificate(name, key, TODAY - A_DAY, TODAY + A_DAY, host="client.example")
        return certificate.decode(), _private(key).decode()

    def _certificate(
        self,
        name: Any,
        key: Any,
        starts: datetime,
        ends: datetime,
        ca: bool = False,
        host: str = "x",
        signed_by: Any = None,
    ) -> bytes:
        builder = x509.CertificateBuilder(
            subject_name=name,
            issuer_name=name if signed_by is key else self._name,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=starts,
            not_valid_after=ends,
        ).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if not ca:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return builder.sign(signed_by or self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _private(key: Any) -> bytes:
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem
