"""The account's limits on Lambda, which moto does not know."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

# As https://docs.aws.amazon.com/cli/latest/reference/lambda/get-account-settings.html shows it.
SETTINGS = {
    "AccountLimit": {
        "CodeSizeUnzipped": 262144000,
        "UnreservedConcurrentExecutions": 1000,
        "ConcurrentExecutions": 1000,
        "CodeSizeZipped": 52428800,
        "TotalCodeSize": 80530636800,
    },
    "AccountUsage": {"FunctionCount": 4, "TotalCodeSize": 9426},
}


# The clouds that are entered, the newest last.
_clouds: list[Any] = []


@contextlib.contextmanager
def with_limits(cloud: Any) -> Iterator[None]:
    """Let moto's Lambda answer GetAccountSettings with ``cloud.concurrency``."""
    from moto.awslambda import urls

    # moto's server, which stays, reads the table once.
    urls.url_paths[r"{0}/2016-08-19/account-settings/?$"] = _answer
    _clouds.append(cloud)
    try:
        yield
    finally:
        _clouds.remove(cloud)


def _answer(*_: Any) -> tuple[int, dict[str, str], str]:
    limit = {**SETTINGS["AccountLimit"], "ConcurrentExecutions": _clouds[-1].concurrency}
    return 200, {"Content-Type": "application/json"}, json.dumps({**SETTINGS, "AccountLimit": limit})
