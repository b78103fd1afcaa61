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
from collections.abc import Mapping
from datetime import UTC, datetime
from wsgiref.types import WSGIApplication

# Until gunicorn handles Ctrl-C, it ends us without a traceback, even during the imports, which take a while.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from infra.local import large_values  # noqa: E402
from infra.local.server import Server  # noqa: E402
from shared.logs.output import install  # noqa: E402


def main() -> None:
    """Serve until stopped."""
    install()
    # Here, since a worker that is restarted again and again would always seem to have just started.
    started_at = datetime.now(UTC)
    small, inherited = large_values.take(os.environ)
    listener, numbers, is_new = socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]), "--new" in sys.argv
    listeners = {name: socket.socket(fileno=number) for name, number in numbers.items()}
    supervisor = _start_processes(listeners, small, inherited) if listeners else None
    Server(
        lambda: _gateway(listeners),
        listener,
        in_worker=lambda: _begin(is_new=is_new, started_at=started_at),
        is_well=lambda: supervisor is None or supervisor.poll() is None,
        on_stop=lambda: _end(supervisor),
    ).run()


def _gateway(listeners: Mapping[str, socket.socket]) -> WSGIApplication:
    from infra.local.gateway import gateway, in_process, in_processes
    from infra.table import rows

    ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    return gateway(rows(), in_processes(ports) if ports else in_process)


def _begin(*, is_new: bool, started_at: datetime) -> None:
    from infra.local import configured as configuration
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
    configuration.watch(settings, settings.own_url)
    if settings.telegram_polling:
        from infra.local import polling

        polling.start(settings, settings.own_url)


def _start_processes(
    listeners: Mapping[str, socket.socket], environ: Mapping[str, str], inherited: list[int]
) -> subprocess.Popen[bytes]:
    """Start the supervisor of the functions' processes. It ends all of them when its standard input closes."""
    # Ctrl-C, or the end of the terminal, reaches every process of it. We end these ourselves, so they ignore it from
    # their birth.
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGHUP)}
    supervisor = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "infra.local.processes", sys.argv[2]],
        env=environ,
        stdin=subprocess.PIPE,
        pass_fds=[*(listener.fileno() for listener in listeners.values()), *inherited],
    )
    for number, handler in handlers.items():
        signal.signal(number, handler)
    # The pipe closes with its last holder. A worker is a copy of us, and would hold it until it ends itself.
    os.register_at_fork(after_in_child=lambda: _end(supervisor))
    return supervisor


def _end(supervisor: subprocess.Popen[bytes] | None) -> None:
    # A signal could hit another process: gunicorn may have collected this one, so that its id is free again.
    if supervisor is not None and supervisor.stdin is not None:
        supervisor.stdin.close()


if __name__ == "__main__":
    main()
