"""Cloud Tasks: a task of its queue calls the agent at a point in time, with an identity that the agent lets in.

The token for Cloud Tasks comes from the metadata server of the instance, which knows the agent's own account.
"""

import base64
import http.client
import json
import os
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from functions.check_monitors.later_runs import IS_LATER, Call, NotEnqueued
from functions.check_monitors.reporting import connection

ENDPOINT = "https://cloudtasks.googleapis.com"
# The account whose identity the schedules show, and the later runs as they do.
CALLER = "bonghwa-invoker"
# How long the agent may take before Cloud Tasks takes the call for failed.
DEADLINE_SECONDS = 300
_RESPONSE_SECONDS = 5.0
_METADATA_SECONDS = 2.0
_TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105  # a path
# A token is used until this long before its end.
_EARLY_SECONDS = 60.0


def enqueue(queue: str, due_at: datetime, call: Call) -> None:
    """See the package. ``queue``: ``projects/P/locations/R/queues/Q``. Raises NotEnqueued."""
    headers = {"Authorization": f"Bearer {_tokens.current()}", "Content-Type": "application/json"}
    body = json.dumps({"task": task(queue, due_at, call)}).encode()
    try:
        response = connection.post(f"{ENDPOINT}/v2/{queue}/tasks", body, headers, _RESPONSE_SECONDS)
    except connection.Unanswered as failure:
        raise NotEnqueued(f"Cloud Tasks: {failure}") from None
    if response.status == HTTPStatus.UNAUTHORIZED:
        _tokens.forget()
    if not response.is_ok:
        # Its own text is left out: it may repeat what it was sent.
        raise NotEnqueued(f"Cloud Tasks responded {response.status}")


def task(queue: str, due_at: datetime, call: Call) -> dict[str, Any]:
    """The task: https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks."""
    _, project, *_ = queue.split("/")
    return {
        "scheduleTime": due_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "dispatchDeadline": f"{DEADLINE_SECONDS}s",
        "httpRequest": {
            "httpMethod": "POST",
            "url": f"{call.url}/?{IS_LATER}",
            "headers": {"X-API-Key": call.key, "Content-Type": "application/json"},
            "body": base64.b64encode(b"{}").decode(),
            "oidcToken": {
                "serviceAccountEmail": f"{CALLER}@{project}.iam.gserviceaccount.com",
                "audience": call.url,
            },
        },
    }


class _Tokens:
    """The token of the instance's account, asked for again shortly before it ends."""

    def __init__(self) -> None:
        self._token, self._ends_at = "", 0.0

    def current(self) -> str:
        """A token that is good for a while yet. Raises NotEnqueued."""
        if time.monotonic() >= self._ends_at:
            said = _from_metadata_server()
            self._token = str(said["access_token"])
            self._ends_at = time.monotonic() + float(said["expires_in"]) - _EARLY_SECONDS
        return self._token

    def forget(self) -> None:
        """Ask for another one next time."""
        self._ends_at = 0.0


def _from_metadata_server() -> dict[str, Any]:
    # The variable is the one by which Google's own libraries find it elsewhere.
    host = os.environ.get("GCE_METADATA_HOST") or "metadata.google.internal"
    server = http.client.HTTPConnection(host, timeout=_METADATA_SECONDS)
    try:
        server.request("GET", _TOKEN, headers={"Metadata-Flavor": "Google"})
        response = server.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as failure:
        raise NotEnqueued(f"the metadata server does not respond: {type(failure).__name__}") from None
    finally:
        server.close()
    try:
        said = json.loads(body) if response.status == HTTPStatus.OK else None
    except ValueError:
        said = None
    if not (isinstance(said, dict) and said.keys() >= {"access_token", "expires_in"}):
        raise NotEnqueued(f"the metadata server gave no token, but {response.status}")
    return said


_tokens = _Tokens()
