"""Certificates: the files and values that libcurl takes, and when a server's certificate expires."""

import atexit
import functools
import hashlib
import os
import shutil
import ssl
import stat
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pycurl

from functions.check_monitors.probes.judgement import NotCheckable
from shared.models import Cause
from shared.monitors.parts import ClientCertificate
from shared.monitors.policy import Policy

# The policy's own certificates cannot be used, which says nothing of the target.
CLIENTS_NOT_USABLE = Cause.of("client_certificate_not_usable")
CA_NOT_USABLE = Cause.of("ca_certificate_not_usable")
NOT_USABLE = (CLIENTS_NOT_USABLE, CA_NOT_USABLE)
_PEM = "-----BEGIN"
_lock = threading.Lock()
_folders: list[Path] = []  # the one with our temporary files, if there is one


def set_tls(curl: Any, policy: Policy, ca_file: str, certificate: ClientCertificate | None) -> None:
    """Set what the policy says of TLS. ``certificate`` has its placeholders filled in.

    Raises:
        NotCheckable: a file that the policy names cannot be read. Its cause quotes nothing that was filled in.
    """
    if policy.verify_tls:
        curl.setopt(pycurl.CAINFO, ca_file)
    else:
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        curl.unsetopt(pycurl.CAINFO)  # libcurl would parse it all the same
    if certificate and policy.client_certificate:
        own = policy.client_certificate
        for pem, written, blob, path in (
            (certificate.certificate, own.certificate, pycurl.SSLCERT_BLOB, pycurl.SSLCERT),
            (certificate.key, None, pycurl.SSLKEY_BLOB, pycurl.SSLKEY),
        ):
            # A key in memory is written to no disk.
            curl.setopt(*((blob, pem.encode()) if _PEM in pem else (path, _readable(pem, written))))
    curl.setopt(pycurl.OPT_CERTINFO, 1)


def ca_file_of(written: str, text: str) -> str:
    """The file of a policy's trusted certificates, which ``text`` has as PEM text or as a path.

    ``written``: the same before its placeholders were filled in, for messages.

    libcurl parses certificates in memory with every check, which takes it 9 ms; those of a file it keeps.

    Raises:
        NotCheckable: there is no such file.
    """
    if _PEM not in text:
        return _readable(text, written)
    path = _folder() / f"{_digest(text)}.pem"
    # Written again if something has tidied the temporary files up.
    if not path.exists():
        # It gets its name once it is whole: another check may look for it now.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
        Path(file.name).replace(path)
    return str(path)


def client_files(written: ClientCertificate, filled: ClientCertificate) -> tuple[list[str], list[Any]]:
    """The paths of a certificate and of its key, for a library that takes both from files alone.

    PEM text is written into temporary files that nobody else may read. They are gone once they are closed, which is up
    to the caller.

    Raises:
        NotCheckable: a file that the policy names cannot be read.
    """
    paths, files = [], []
    for pem, shown in ((filled.certificate, written.certificate), (filled.key, None)):
        if _PEM in pem:
            file = tempfile.NamedTemporaryFile("w", dir=_folder(), encoding="utf-8")  # noqa: SIM115  # lasts longer
            file.write(pem)
            file.flush()
            files.append(file)
            paths.append(file.name)
        else:
            paths.append(_readable(pem, shown))
    return paths, files


def _readable(path: str, written: str | None) -> str:
    """``path`` itself. ``written``: how a message may show it; None for what may be a key instead of a path."""
    if not os.access(path, os.R_OK):
        raise NotCheckable(Cause.of("file_not_readable", path=written) if written else Cause.of("key_not_readable"))
    return path


@functools.lru_cache(maxsize=256)
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _folder() -> Path:
    """A folder that only our user can enter."""
    with _lock:
        # Once something has tidied it up, another user could have made one with its name, and certificates in it.
        if not _folders or not _is_ours(_folders[0]):
            _folders[:] = [Path(tempfile.mkdtemp(prefix="bonghwa-"))]
        return _folders[0]


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


@atexit.register
def remove_files() -> None:
    """Remove the temporary files, if there are any. A process that ends without ``atexit`` calls it by itself."""
    for folder in filter(_is_ours, _folders):
        shutil.rmtree(folder, ignore_errors=True)


def expires_at(curl: Any) -> datetime | None:
    """When the certificate that ``curl`` was shown expires; None if it was shown none."""
    chain = curl.getinfo_raw(pycurl.INFO_CERTINFO)
    for name, value in chain[0] if chain else ():
        if name == b"Expire date":
            return parsed_date(value.decode("ascii", "replace"))
    return None


@functools.lru_cache(maxsize=4096)
def parsed_date(text: str) -> datetime | None:
    """A date as OpenSSL writes it: ``Nov 28 12:00:00 2026 GMT``."""
    try:
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


_CONTEXT_0 = 0xA0  # the tag of the version, which may be left out
_UTC_TIME = 0x17


def expiry_in(der: bytes) -> datetime | None:
    """When a certificate expires that nobody has parsed; None if it is none. RFC 5280, 4.1."""
    try:
        _, at, _ = _element(der, 0)  # the certificate
        _, at, _ = _element(der, at)  # what is signed of it
        tag, _, end = _element(der, at)
        for _ in range(3 if tag == _CONTEXT_0 else 2):  # the serial number, the algorithm and the issuer
            _, _, end = _element(der, end)
        _, at, _ = _element(der, end)  # the validity
        _, _, at = _element(der, at)  # its begin
        tag, at, end = _element(der, at)
        text = der[at:end].decode("ascii")
        # A short year is one from 1950 to 2049.
        century = ("19" if text >= "50" else "20") if tag == _UTC_TIME else ""
        return datetime.strptime(f"{century}{text}", "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except (IndexError, ValueError):
        return None


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """The tag of the element at ``at``, where its content begins, and where that ends. Raises IndexError."""
    tag, size, at = der[at], der[at + 1], at + 2
    if size & 0x80:  # so many bytes have the size
        count = size & 0x7F
        size, at = int.from_bytes(der[at : at + count]), at + count
    return tag, at, at + size
