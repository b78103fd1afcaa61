"""The runner after its checks: gunicorn, and behind it the gateway with the schedules.

Run as ``python -m infra.local.serve LISTENER LISTENERS [--new]``: the number of the socket that it listens on, those of
the functions' sockets as JSON (``{}``: all in one process), and whether this start made the settings file. The arbiter
lives as long as the system and does next to nothing, so it imports next to nothing: the worker imports the system.
"""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from wsgiref.types import WSGIApplication

# Until gunicorn handles Ctrl-C, it ends us without a traceback, even during the imports, which take a while.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from infra.local.server import Server  # noqa: E402


def main() -> None:
    """Serve until stopped."""
    # Here, since a worker that is restarted again and again would always seem to have just started.
    started_at = datetime.now(UTC)
    listener, numbers, is_new = socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]), "--new" in sys.argv
    listeners = {name: socket.socket(fileno=number) for name, number in numbers.items()}
    Server(
        lambda: _gateway(listeners),
        listener,
        in_worker=lambda: _begin(is_new=is_new, started_at=started_at),
        on_stop=_start_processes(listeners) if listeners else lambda: None,
    ).run()


def _gateway(listeners: Mapping[str, socket.socket]) -> WSGIApplication:
    from infra.local.gateway import gateway, in_process, in_processes
    from infra.table import rows

    ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    return gateway(rows(), in_processes(ports) if ports else in_process)


def _begin(*, is_new: bool, started_at: datetime) -> None:
    from infra.local import schedules
    from infra.local.runner import banner
    from infra.table import rows
    from shared.channels import configured
    from shared.logs import step
    from shared.settings import Settings
    from shared.store import StoreUnavailable, open_store

    settings = Settings.from_env()
    print(banner(settings, configured(), is_new=is_new), flush=True)
    try:
        open_store(settings).note_start(now=started_at)
    except StoreUnavailable as trouble:
        # GET / says so too, and the schedules go on trying.
        step("server", "store_unavailable", level=logging.ERROR, function="serve", reason=str(trouble))
    schedules.start(rows(), settings, settings.own_url)


def _start_processes(listeners: Mapping[str, socket.socket]) -> Callable[[], None]:
    """Start the supervisor of the functions' processes. The result, when called, ends all of them."""
    # Ctrl-C reaches every process of the terminal. We end these ourselves, so they ignore it from their birth.
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    supervisor = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "infra.local.processes", sys.argv[2]],
        stdin=subprocess.PIPE,
        pass_fds=[listener.fileno() for listener in listeners.values()],
    )
    signal.signal(signal.SIGINT, handler)

    def end() -> None:
        # A signal could hit another process: gunicorn may have collected this one, so that its id is free again.
        if supervisor.stdin:
            supervisor.stdin.close()

    # The pipe closes with its last holder. A worker is a copy of us, and would hold it until it ends itself.
    os.register_at_fork(after_in_child=end)
    return end


if __name__ == "__main__":
    main()
