"""FCM through Apprise: another module of the plugin logs in with a key file, and then the plugin sends."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.notifiers import NotifierKind
from tests.shared.notifiers.messages import message
from tests.shared.notifiers.services.apprise.bridged import NEEDS_APPRISE, SECONDS, channel, outcome
from tests.support.stand_ins.service import Doing, Service, closes, drips_body, hangs, says

pytestmark = [NEEDS_APPRISE, pytest.mark.slow]

TOKEN = says(200, '{"access_token": "s3cr3t-token", "expires_in": 3599}')


@pytest.fixture
def fcm(service: Service, tmp_path: Path) -> NotifierKind:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "key.json"
    described = {
        "type": "service_account",
        "project_id": "project",
        "private_key_id": "1",
        "private_key": key.decode(),
        "client_email": "ops@project.example",
        "token_uri": f"{service.url}/token",
    }
    file.write_text(json.dumps(described))
    return channel(f"fcm://project/device-of-kim?keyfile={quote(str(file), safe='')}")


def test_a_login_and_a_message_go_over_our_transport(service: Service, fcm: NotifierKind) -> None:
    service.queue = [TOKEN]
    assert outcome(fcm, message(), 5) == "accepted"
    login, sent = service.requests
    assert (login.path, sent.path) == ("/token", "/v1/projects/project/messages:send")
    assert sent.headers["Authorization"] == "Bearer s3cr3t-token"


@pytest.mark.parametrize(
    ("doing", "expected"),
    [
        (closes, "retry"),
        (hangs, "retry"),
        (drips_body, "retry"),
        (says(503, '{"error": "unavailable"}'), "retry"),
        (says(204), "retry"),
        (says(400, '{"error": "invalid_grant"}'), "failed"),
    ],
    ids=["closes", "hangs", "drips", "503", "204", "400"],
)
def test_a_login_that_fails_says_whether_to_try_again(
    service: Service, fcm: NotifierKind, doing: Doing, expected: str
) -> None:
    service.queue = [doing]
    # Those that hang are given up soon. A busy machine may need longer for the others.
    seconds = SECONDS if expected == "retry" else 10.0
    assert outcome(fcm, message(), seconds) == expected
    assert [request.path for request in service.requests] in ([], ["/token"])
