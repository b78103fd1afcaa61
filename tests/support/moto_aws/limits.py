"""The account's limits on Lambda, which moto does not know."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

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


@contextlib.contextmanager
def with_limits(cloud: Any) -> Iterator[None]:
    """Let moto's Lambda answer GetAccountSettings with ``cloud.concurrency``."""
    from moto.awslambda import urls

    def answer(*_: Any) -> tuple[int, dict[str, str], str]:
        limit = {**SETTINGS["AccountLimit"], "ConcurrentExecutions": cloud.concurrency}
        return 200, {"Content-Type": "application/json"}, json.dumps({**SETTINGS, "AccountLimit": limit})

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(urls.url_paths, r"{0}/2016-08-19/account-settings/?$", answer)
        yield
