"""Secrets Manager, read: each secret is a JSON object of settings.

By the standard library and a signature of our own: boto3 would cost a cold start ten times as much as all of this.
"""

import hashlib
import hmac
import http.client
import json
import os
import ssl
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

SERVICE = "secretsmanager"
TIMEOUT_SECONDS = 5.0
TRIES = 3
PAUSE_SECONDS = 0.2
_ALGORITHM = "AWS4-HMAC-SHA256"


class SecretUnreadable(Exception):
    """Secrets Manager did not give a secret. The text names it, and says what was answered."""


def read_secrets(names: Iterable[str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The settings that the secrets hold, all in one. Asks nobody where no secret is named.

    Raises:
        SecretUnreadable: one cannot be had, or is no JSON object of texts.
    """
    found: dict[str, str] = {}
    for name in names:
        try:
            settings = json.loads(_secret(name, environ))
            found |= {str(setting): str(value) for setting, value in settings.items()}
        except (ValueError, AttributeError):
            # What is in it must not be in the text, nor in what led to it.
            raise SecretUnreadable(f"the secret {name} is not a JSON object") from None
    return found


def _secret(name: str, environ: Mapping[str, str]) -> str:
    for tried in range(TRIES):
        try:
            status, answer = _ask(json.dumps({"SecretId": name}).encode(), environ)
        except OSError as error:
            status, answer = 0, type(error).__name__.encode()
        if status == 200:
            return str(json.loads(answer)["SecretString"])
        reason = answer.decode(errors="replace")[:300]
        if 400 <= status < 500 and "Throttling" not in reason:
            break
        if tried < TRIES - 1:
            time.sleep(PAUSE_SECONDS * 2**tried)
    raise SecretUnreadable(f"the secret {name} cannot be read: {status} {reason}")


def _ask(body: bytes, environ: Mapping[str, str]) -> tuple[int, bytes]:
    region = environ["AWS_REGION"]
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    # The variables by which every tool of AWS is pointed elsewhere.
    elsewhere = environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER") or environ.get("AWS_ENDPOINT_URL")
    url = urlsplit(elsewhere or f"https://{SERVICE}.{region}.{suffix}")
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": url.netloc,
        "x-amz-date": datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"),
        "x-amz-target": f"{SERVICE}.GetSecretValue",
    }
    if token := environ.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = token
    headers["authorization"] = authorization(headers, body, region, environ)
    connection = _connection(url.scheme, url.netloc)
    try:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _connection(scheme: str, place: str) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(place, timeout=TIMEOUT_SECONDS)
    # Here, and not above: only who asks needs it.
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    return http.client.HTTPSConnection(place, timeout=TIMEOUT_SECONDS, context=context)


def authorization(headers: Mapping[str, str], body: bytes, region: str, environ: Mapping[str, str]) -> str:
    """The Authorization header of a POST to ``/`` (AWS Signature Version 4); ``headers`` in lower case, all signed."""
    signed = ";".join(sorted(headers))
    lines = [f"{name}:{headers[name]}" for name in sorted(headers)]
    request = "\n".join(["POST", "/", "", *lines, "", signed, hashlib.sha256(body).hexdigest()])
    moment = headers["x-amz-date"]
    scope = f"{moment[:8]}/{region}/{SERVICE}/aws4_request"
    text = "\n".join([_ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    who = f"{environ['AWS_ACCESS_KEY_ID']}/{scope}"
    return f"{_ALGORITHM} Credential={who}, SignedHeaders={signed}, Signature={signature}"
