"""Read Secrets Manager: each secret is a JSON object of settings.

This uses the standard library and signs requests itself: boto3 would cost a cold start ten times as much.
"""

import functools
import hashlib
import hmac
import http.client
import json
import os
import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from urllib.parse import SplitResult, urlsplit

SERVICE = "secretsmanager"
# For one response, and for all of them: less than a caller of the API waits.
TIMEOUT_SECONDS = 5.0
READ_SECONDS = 10.0
TRIES = 3
PAUSE_SECONDS = 0.2
_ALGORITHM = "AWS4-HMAC-SHA256"


class SecretUnreadable(Exception):
    """Secrets Manager did not return a secret. The text names it, and has the response."""


def read_secrets(names: Iterable[str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The settings in all the secrets. If no secret is named, nobody is asked.

    Raises:
        SecretUnreadable: one cannot be read within READ_SECONDS for all, or is not a JSON object of texts.
    """
    found: dict[str, str] = {}
    gives_up_at = time.monotonic() + READ_SECONDS
    if not (wanted := list(names)):
        return found
    # One connection for all of them, since each costs a handshake.
    with closing(_connection(environ)) as connection:
        for name in wanted:
            try:
                settings = json.loads(_secret(name, connection, environ, gives_up_at))
                found |= {str(setting): str(value) for setting, value in settings.items()}
            except (ValueError, AttributeError):
                # Neither the text nor a chained exception may show what is in it.
                raise SecretUnreadable(f"the secret {name} is not a JSON object") from None
    return found


def _secret(name: str, connection: http.client.HTTPConnection, environ: Mapping[str, str], gives_up_at: float) -> str:
    for tried in range(TRIES):
        try:
            status, body = _ask(json.dumps({"SecretId": name}).encode(), connection, environ, gives_up_at)
        except (OSError, http.client.HTTPException) as error:
            # It broke, or its response is still on the way: the next request opens another connection.
            connection.close()
            status, body = 0, type(error).__name__.encode()
        if status == 200:
            # A secret that was stored as bytes has no SecretString, and is rejected as no JSON object.
            return str(json.loads(body).get("SecretString"))
        reason = body.decode(errors="replace")[:300]
        if 400 <= status < 500 and "Throttling" not in reason:
            break
        pause = PAUSE_SECONDS * 2**tried
        if tried == TRIES - 1 or time.monotonic() + pause >= gives_up_at:
            break
        time.sleep(pause)
    raise SecretUnreadable(f"the secret {name} cannot be read: {status} {reason}")


def _ask(
    body: bytes, connection: http.client.HTTPConnection, environ: Mapping[str, str], gives_up_at: float
) -> tuple[int, bytes]:
    region = environ["AWS_REGION"]
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": _url(environ).netloc,
        "x-amz-date": datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"),
        "x-amz-target": f"{SERVICE}.GetSecretValue",
    }
    if token := environ.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = token
    headers["authorization"] = authorization(headers, body, region, environ)
    seconds = min(TIMEOUT_SECONDS, gives_up_at - time.monotonic())
    if seconds <= 0:
        raise TimeoutError
    connection.timeout = seconds
    if connection.sock is not None:
        connection.sock.settimeout(seconds)
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    return response.status, response.read()


def _url(environ: Mapping[str, str]) -> SplitResult:
    region = environ["AWS_REGION"]
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    # The variables that point every AWS tool to another endpoint.
    elsewhere = environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER") or environ.get("AWS_ENDPOINT_URL")
    return urlsplit(elsewhere or f"https://{SERVICE}.{region}.{suffix}")


def _connection(environ: Mapping[str, str]) -> http.client.HTTPConnection:
    """A connection that its first request opens, and that reopens after a response has ended it."""
    url = _url(environ)
    if url.scheme == "http":
        return http.client.HTTPConnection(url.netloc)
    return http.client.HTTPSConnection(url.netloc, context=context())


@functools.cache
def context() -> ssl.SSLContext:
    """The authorities that we trust. They are read once, since that costs more than everything else here."""
    # Imported here, since only a program that has secrets needs it.
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


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
    credential = f"{environ['AWS_ACCESS_KEY_ID']}/{scope}"
    return f"{_ALGORITHM} Credential={credential}, SignedHeaders={signed}, Signature={signature}"
