"""How a scheduled function is called by hand, wherever a deployment is: what mends a schedule that calls nothing."""

import re
import shlex
from urllib.parse import urlsplit

from infra.table import Row, rows

_AWS = re.compile(r"\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$")
_GCP = re.compile(r"\.gateway\.dev$")


def call(function: str, url: str) -> tuple[bool, str]:
    """Whether the deployment that answers at ``url`` is in a cloud, as far as that tells, and the command line.

    The URL of a cloud leads to what people call, and not to what is scheduled.
    """
    row = next(row for row in rows() if row.name == function)
    host = urlsplit(url).hostname or ""
    if found := _AWS.search(host):
        return True, _on_aws(row, found[1])
    if _GCP.search(host):
        return True, _on_gcp(row)
    return False, f'curl -X {row.method} -H "X-API-Key: $KEY" {url}{row.path}'


def _on_aws(row: Row, region: str) -> str:
    # Imported here, as below: what deploys to a cloud is for who has deployed there.
    from infra.clouds.aws.schedules import by_hand
    from infra.clouds.aws.target import Place

    return shlex.join(by_hand(row, Place("", region)).words())


def _on_gcp(row: Row) -> str:
    from infra.clouds.gcp.project import GCLOUD
    from infra.clouds.gcp.schedules import strike_job

    # The URL tells neither.
    return f"{GCLOUD} scheduler jobs run {strike_job(row)} --location=… --project=…"
