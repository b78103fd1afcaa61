"""A small version of Lambda's runtime for Python: a program with only what Lambda has on the path.

``bootstrap.py TASK LIBRARIES DESCRIPTOR``: the folder of the unpacked zip, the folder of what the runtime brings, and
the file descriptor for results. It writes a line of JSON for each line of JSON on standard input, after a first line
when it has started.
"""

import importlib
import json
import os
import sys
import time
import traceback
from typing import Any


class Context:
    """The context that a handler gets with its event."""

    memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    function_version = "$LATEST"
    log_group_name, log_stream_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME"), "stream"
    identity = client_context = None

    def __init__(self, number: int, seconds: float) -> None:
        self.aws_request_id = f"00000000-0000-0000-0000-{number:012}"
        self._ends_at = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * max(0.0, self._ends_at - time.monotonic()))


def main() -> None:
    task, libraries, descriptor = sys.argv[1:]
    sys.path[:0] = [task, libraries]
    module, _, name = os.environ["_HANDLER"].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    with os.fdopen(int(descriptor), "w", encoding="utf-8") as answers:

        def say(**what: Any) -> None:
            answers.write(json.dumps(what) + "\n")
            answers.flush()

        say(path=sys.path)
        for number, line in enumerate(sys.stdin):
            try:
                result = handler(json.loads(line), Context(number, float(os.environ["TIMEOUT_SECONDS"])))
                # A result that is not JSON fails here, as it does on Lambda.
                answer = {"result": json.loads(json.dumps(result))}
            except Exception as error:  # noqa: BLE001  # Lambda reports every exception to the caller
                traceback.print_exc()
                answer = {"error": {"errorType": type(error).__name__, "errorMessage": str(error)}}
            sys.stdout.flush()
            say(**answer)


main()
