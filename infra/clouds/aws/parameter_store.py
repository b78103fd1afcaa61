"""Read Systems Manager's Parameter Store, where each secret is a JSON object of settings, in one or more parameters.

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

SERVICE = "ssm"
# GetParameters takes no more names.
MOST_AT_ONCE = 10
# For one response, and for all of them: less than a caller of the API waits.
TIMEOUT_SECONDS = 5.0
READ_SECONDS = 10.0
TRIES = 3
PAUSE_SECONDS = 0.2
_ALGORITHM = "AWS4-HMAC-SHA256"


class SecretUnreadable(Exception):
    """Parameter Store did not return a secret. The text names it, and has the response."""


def read_secrets(secrets: Iterable[str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The settings in all the secrets. If no secret is named, nobody is asked.

    A secret is named by its parameters, with a comma between two: their values together are its JSON. The name of a
    parameter has a version, ``/bonghwa/store-1-0a1b2c3d:4``: what the next deployment writes changes nothing here.

    Raises:
        SecretUnreadable: one cannot be read within READ_SECONDS for all, or is not a JSON object of texts.
    """
    wanted = [secret.split(",") for secret in secrets]
    names = [name for parts in wanted for name in parts]
    if not names:
        return {}
    gives_up_at = time.monotonic() + READ_SECONDS
    values: dict[str, str] = {}
    # One connection for all of them, since each costs a handshake.
    with closing(_connection(environ)) as connection:
        for first in range(0, len(names), MOST_AT_ONCE):
            values |= _values(names[first : first + MOST_AT_ONCE], connection, environ, gives_up_at)
    found: dict[str, str] = {}
    for parts in wanted:
        try:
            settings = json.loads("".join(values[name] for name in parts))
            found |= {str(setting): str(value) for setting, value in settings.items()}
        except (ValueError, AttributeError):
            # Neither the text nor a chained exception may show what is in it.
            raise SecretUnreadable(f"the secret {parts[0]} is not a JSON object") from None
    return found


def _values(
    names: list[str], connection: http.client.HTTPConnection, environ: Mapping[str, str], gives_up_at: float
) -> dict[str, str]:
    """The value of each parameter, by its name with the version."""
    body = json.dumps({"Names": names, "WithDecryption": True}).encode()
    for tried in range(TRIES):
        try:
            status, answer = _ask(body, connection, environ, gives_up_at)
        except (OSError, http.client.HTTPException) as error:
            # It broke, or its response is still on the way: the next request opens another connection.
            connection.close()
            status, answer = 0, type(error).__name__.encode()
        if status == 200:
            return _found(names, answer)
        reason = answer.decode(errors="replace")[:300]
        if 400 <= status < 500 and "Throttling" not in reason:
            break
        pause = PAUSE_SECONDS * 2**tried
        if tried == TRIES - 1 or time.monotonic() + pause >= gives_up_at:
            break
        time.sleep(pause)
    raise SecretUnreadable(f"{', '.join(names)} cannot be read: {status} {reason}")


def _found(names: list[str], answer: bytes) -> dict[str, str]:
    try:
        values = {f"{each['Name']}:{each['Version']}": str(each["Value"]) for each in json.loads(answer)["Parameters"]}
    except (ValueError, KeyError, TypeError):
        # The exception's text would hold a part of the secrets.
        raise SecretUnreadable(f"{', '.join(names)} cannot be read: the response is malformed") from None
    if missing := [name for name in names if name not in values]:
        raise SecretUnreadable(f"{', '.join(missing)}: there is no such parameter")
    return values


def _ask(
    body: bytes, connection: http.client.HTTPConnection, environ: Mapping[str, str], gives_up_at: float
) -> tuple[int, bytes]:
    region = environ["AWS_REGION"]
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": _url(environ).netloc,
        "x-amz-date": datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"),
        "x-amz-target": "AmazonSSM.GetParameters",
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
    elsewhere = environ.get("AWS_ENDPOINT_URL_SSM") or environ.get("AWS_ENDPOINT_URL")
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
