"""Certificates that a policy names, and chains that are not complete."""

import shutil
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.support.policies import check_policy
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import OK, RawServers, says


@pytest.fixture
def mutual(serve: RawServers, trusted: Authority) -> str:
    """The URL of a server that wants to see a client's certificate."""
    context = trusted.context(TODAY - A_DAY, TODAY + A_DAY)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(trusted.file)
    return f"https://localhost:{serve(says(OK), context)}/"


@pytest.mark.parametrize("is_complete", [True, False])
def test_a_chain_must_be_complete(serve: RawServers, trusted: Authority, is_complete: bool) -> None:
    port = serve(says(OK), trusted.chain_context(is_complete=is_complete))
    for scheme in ("https", "tls"):
        event = check_policy(f"{scheme}://localhost:{port}")
        assert event.error_message == (None if is_complete else "certificate issuer is not trusted")
        assert event.certificate_expires_at == (TODAY + A_DAY if is_complete else None)


def test_a_client_certificate_is_shown(mutual: str, trusted: Authority, tmp_path: Path) -> None:
    certificate, key = trusted.client()
    assert check_policy(mutual).error_message == "the server requires a client certificate"
    shown = {"certificate": certificate, "key": key}
    assert check_policy(mutual, client_certificate=shown).error_message is None
    for name, pem in shown.items():
        (tmp_path / name).write_text(pem)
    files = {name: str(tmp_path / name) for name in shown}
    assert check_policy(mutual, client_certificate=files).error_message is None


def test_a_clients_key_may_be_a_placeholder(mutual: str, trusted: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = trusted.client()
    monkeypatch.setenv("MONITOR_KEY", key)
    shown = {"certificate": certificate, "key": "${MONITOR_KEY}"}
    assert check_policy(mutual, client_certificate=shown).error_message is None


def test_a_trusted_certificate_may_be_a_placeholder(
    serve: RawServers, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://localhost:{serve(says(OK), authority.context(TODAY - A_DAY, TODAY + A_DAY))}/"
    event = check_policy(url, ca_certificate="${MONITOR_CA}")
    assert event.error_message == "not checked: the agent's environment has no MONITOR_CA"
    for value in (authority.file, Path(authority.file).read_text()):
        monkeypatch.setenv("MONITOR_CA", value)
        assert check_policy(url, ca_certificate="${MONITOR_CA}").error_message is None
    monkeypatch.setenv("MONITOR_CA", "/none.pem")
    event = check_policy(url, ca_certificate="${MONITOR_CA}")
    assert event.error_message == "not checked: the agent cannot read the file ${MONITOR_CA}"


@pytest.mark.parametrize("is_filled_in", [False, True])
def test_no_message_quotes_a_clients_key(
    mutual: str, trusted: Authority, monkeypatch: pytest.MonkeyPatch, is_filled_in: bool
) -> None:
    certificate, key = trusted.client()
    without_frame = "".join(key.splitlines()[1:-1])
    monkeypatch.setenv("MONITOR_KEY", without_frame)
    shown = {"certificate": certificate, "key": "${MONITOR_KEY}" if is_filled_in else without_frame}
    event = check_policy(mutual, client_certificate=shown)
    expected = "not checked: client_certificate.key is neither PEM text nor a file that the agent can read"
    assert (event.error_message, event.is_inconclusive) == (expected, True)
    assert without_frame[:20] not in event.model_dump_json()
    # A file with a certificate may hold its key as well.
    event = check_policy(mutual, client_certificate={"certificate": "${MONITOR_KEY}", "key": key})
    assert event.error_message == "not checked: the agent cannot read the file ${MONITOR_KEY}"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"client_certificate": {"certificate": "/none.pem", "key": "/none.key"}},
            "not checked: the agent cannot read the file /none.pem",
        ),
        (
            {"client_certificate": {"certificate": "-----BEGIN x", "key": "-----BEGIN y"}},
            "not checked: the agent cannot use the monitor's client_certificate",
        ),
        ({"ca_certificate": "/none.pem"}, "not checked: the agent cannot read the file /none.pem"),
        ({"ca_certificate": "-----BEGIN x"}, "not checked: the agent cannot use the monitor's ca_certificate"),
    ],
)
def test_certificates_that_cannot_be_used_say_nothing_of_the_target(
    mutual: str, fields: dict[str, Any], message: str
) -> None:
    event = check_policy(mutual, **fields)
    assert (event.error_message, event.is_inconclusive) == (message, True)


def test_a_file_that_was_tidied_up_is_written_again(serve: RawServers, authority: Authority) -> None:
    from functions.check_monitors.probes.network.certificates import ca_file_of

    port = serve(says(OK), authority.context(TODAY - A_DAY, TODAY + A_DAY))
    own = Path(authority.file).read_text()
    Path(ca_file_of(own, own)).unlink()
    assert check_policy(f"https://localhost:{port}/", ca_certificate=own).error_message is None


@pytest.mark.parametrize("trap", ["open to others", "a link", "a file"])
def test_a_folder_in_the_place_of_ours_is_not_trusted(tmp_path: Path, trap: str) -> None:
    """Something tidied our folder up, and another user has made one with its name and a certificate in it."""
    from functions.check_monitors.probes.network.certificates import ca_file_of

    pem = "-----BEGIN CERTIFICATE-----"
    file = Path(ca_file_of(pem, pem))
    shutil.rmtree(file.parent)
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / file.name).write_text("of somebody else")
    match trap:
        case "open to others":
            shutil.copytree(planted, file.parent)
            file.parent.chmod(0o777)
        case "a link":
            file.parent.symlink_to(planted)
        case _:
            file.parent.touch()
    now = Path(ca_file_of(pem, pem))
    assert now.parent != file.parent
    assert (now.read_text(), now.stat().st_mode & 0o777, now.parent.stat().st_mode & 0o777) == (pem, 0o600, 0o700)
    assert Path(ca_file_of(pem, pem)) == now
    assert (planted / file.name).read_text() == "of somebody else"
    (shutil.rmtree if trap == "open to others" else Path.unlink)(file.parent)
