"""The backend as a Lambda function that the agent calls directly, without the API before it.

The event is the one that the API would make of the request (payload 2.0), with our API key: the function demands it of
everybody.
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from functions.check_monitors.reporting import aws
from functions.check_monitors.reporting.connection import Response, Unanswered

# Lambda's API defines it: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
_PATH = "/2015-03-31/functions/{}/invocations"


def post(function: str, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Response:
    """Call a function with a request for ``url``, and return its response.

    Raises:
        Unanswered: Lambda could not be reached, refused the call, or the function failed.
    """
    event = event_of(urlsplit(url).path, body, headers)
    answer = aws.call("lambda", _PATH.format(quote(function)), event, {"Content-Type": "application/json"}, seconds)
    if answer.status != 200:
        # Lambda itself refused the call. That says nothing about the events.
        raise Unanswered(f"Lambda refused to call {function}: status {answer.status}", is_late=False)
    try:
        found = answer.data()
        answered = {name.lower(): value for name, value in found["headers"].items()}
        text = found["body"]
        content = b64decode(text) if found.get("isBase64Encoded") else text.encode()
        return Response(int(found["statusCode"]), answered.get("content-type", ""), content)
    except (ValueError, LookupError, TypeError, AttributeError):
        # Lambda's own words about a function that crashed or took too long.
        raise Unanswered(f"the function {function} failed", is_late=False) from None


def event_of(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The event of a POST."""
    event = {
        "version": "2.0",
        "routeKey": f"POST {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "host": "localhost",
            "x-forwarded-proto": "https",
            **{name.lower(): value for name, value in headers.items()},
        },
        "requestContext": {"http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}},
        "body": body.decode(),
        "isBase64Encoded": False,
    }
    return json.dumps(event).encode()
