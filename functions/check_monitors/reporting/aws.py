"""Calls of AWS's own services by the agent, signed by libcurl with the credentials of the function's role."""

import os
from collections.abc import Mapping

from functions.check_monitors.reporting import connection
from functions.check_monitors.reporting.connection import Response, Signature


def call(
    service: str,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
    seconds: float,
    environ: Mapping[str, str] = os.environ,
) -> Response:
    """Post to a service in the function's region. Raises what ``connection.post`` does."""
    region = environ["AWS_REGION"]
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    # The variables that point every AWS tool to another endpoint.
    elsewhere = environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or environ.get("AWS_ENDPOINT_URL")
    url = (elsewhere or f"https://{service}.{region}.{suffix}").rstrip("/")
    signature = Signature(f"aws:amz:{region}:{service}", environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"])
    # The role's credentials are temporary, and count only together with their token.
    token = {"X-Amz-Security-Token": environ["AWS_SESSION_TOKEN"]} if environ.get("AWS_SESSION_TOKEN") else {}
    return connection.post(f"{url}{path}", body, {**headers, **token}, seconds, signature)
