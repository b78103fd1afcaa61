"""Certificates: the files and values that libcurl takes, and when a server's certificate expires."""

import atexit
import functools
import hashlib
import os
import shutil
import ssl
import tempfile
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
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
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
            _folder().mkdir(exist_ok=True)
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


@functools.cache
def _folder() -> Path:
    path = Path(tempfile.mkdtemp(prefix="bonghwa-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


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
