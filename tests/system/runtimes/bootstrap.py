"""A small version of Lambda's runtime for Python: a program with only what Lambda has on the path.

``bootstrap.py TASK LIBRARIES DESCRIPTOR``: the folder of the unpacked zip, the folder of what the runtime brings, and
the file descriptor for results. It writes a line of JSON for each line of JSON on standard input, after a first line
when it has started.

``bootstrap.py TASK LIBRARIES DESCRIPTOR MODULE…`` imports the modules, and is such a program in a fork for each order:
the descriptor is then a socket. An order is the environment as JSON, with the fork's standard input, its standard
output, and its descriptor for results. The answer is the fork's number.
"""

import gc
import importlib
import json
import os
import socket
import sys
import time
import traceback
from contextlib import suppress
from typing import Any


class Context:
    """The context that a handler gets with its event."""

    memory_limit_in_mb = function_name = log_group_name = None
    function_version = "$LATEST"
    log_stream_name = "stream"
    identity = client_context = None

    def __init__(self, number: int, seconds: float) -> None:
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.aws_request_id = f"00000000-0000-0000-0000-{number:012}"
        self._ends_at = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * max(0.0, self._ends_at - time.monotonic()))


def main() -> None:
    task, libraries, descriptor, *modules = sys.argv[1:]
    sys.path[:0] = [task, libraries]
    if modules:
        with socket.socket(fileno=int(descriptor)) as orders:
            for name in modules:
                importlib.import_module(name)
            descriptor = str(_forked(orders))
    _serve(int(descriptor))


def _forked(orders: socket.socket) -> int:
    """In this process, fork for each order until the last. In a fork, be what was ordered; the results' descriptor."""
    # Otherwise the first collection in each fork would copy all of that memory.
    gc.freeze()
    while True:
        environ, descriptors, _, _ = socket.recv_fds(orders, 2**18, 3)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not environ:
            sys.exit()
        if (process := os.fork()) == 0:
            break
        for each in descriptors:
            os.close(each)
        # Both sides do this, so that it is done whichever side continues first.
        with suppress(ProcessLookupError, PermissionError):
            os.setpgid(process, process)
        orders.send(str(process).encode())
    os.setpgid(0, 0)
    os.environ.clear()
    os.environ.update(json.loads(environ))
    reading, output, results = descriptors
    for source, *targets in ((reading, 0), (output, 1, 2)):
        for target in targets:
            os.dup2(source, target)
        os.close(source)
    return results


def _serve(descriptor: int) -> None:
    module, _, name = os.environ["_HANDLER"].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    with os.fdopen(descriptor, "w", encoding="utf-8") as answers:

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
