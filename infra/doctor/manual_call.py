"""How a person calls a scheduled function, wherever the deployment is: the fix if no schedule calls it."""

import re
import shlex
from urllib.parse import urlsplit

from infra.table import Row, rows

_AWS = re.compile(r"\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$")
_GCP = re.compile(r"\.([a-z]+-[a-z]+[0-9]+)\.run\.app$")


def call(function: str, url: str) -> tuple[bool, str]:
    """Whether the deployment at ``url`` is in a cloud, as far as its URL shows that, and the command line.

    A cloud's URL leads only to the functions that people call, and not to the scheduled ones.
    """
    row = next(row for row in rows() if row.name == function)
    host = urlsplit(url).hostname or ""
    if found := _AWS.search(host):
        return True, _on_aws(row, found[1])
    if found := _GCP.search(host):
        return True, _on_gcp(row, found[1])
    return False, f'curl -X {row.route.method} -H "X-API-Key: $KEY" {url}{row.route.path}'


def remedy(function: str, url: str) -> str:
    """The fix for a scheduled function that does not run."""
    is_in_cloud, line = call(function, url)
    return f"its schedule, or {line}" if is_in_cloud else f"make run, or its schedule: {line}"


def _on_aws(row: Row, region: str) -> str:
    # Imported here, as below: only who has deployed to a cloud needs its modules.
    from infra.clouds.aws.schedules import manual_call
    from infra.clouds.aws.target import Place

    return shlex.join(manual_call(row, Place("", region)).words())


def _on_gcp(row: Row, region: str) -> str:
    from infra.clouds.gcp.project import GCLOUD
    from infra.clouds.gcp.schedules import tick_job

    # The URL shows the project's number, which gcloud takes for its id only here and there.
    return f"{GCLOUD} scheduler jobs run {tick_job(row)} --location={region} --project=…"
