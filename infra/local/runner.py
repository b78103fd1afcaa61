"""``make run``: the whole system on this machine, at http://localhost:FLASK_PORT."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from wsgiref.types import WSGIApplication

from infra.local import schedules
from infra.local.environment import read_dotenv, take_out_debug
from infra.local.gateway import gateway, in_process, in_processes
from infra.local.server import Server, listen
from infra.table import rows
from shared import notifiers
from shared.settings import ROOT, SettingError, Settings
from shared.store import StoreUnavailable, open_store


def main() -> None:
    """Run until told to stop. Exits with one line on standard error where the system cannot start."""
    is_new = read_dotenv(os.environ)
    try:
        settings = Settings.from_env()
        channels = notifiers.configured()
        _ = settings.targets, settings.key
        listener = _listen(settings.port)
        _check_files(settings)
    except SettingError as trouble:
        sys.exit(f"bonghwa: {trouble}")
    take_out_debug(os.environ, is_verbose=settings.is_verbose)
    is_separate = os.environ.get("SEPARATE", "") not in ("", "0")
    app_of, stop = _separate_processes() if is_separate else (in_process, lambda: None)
    table = rows()
    url = f"http://127.0.0.1:{settings.port}"
    Server(
        gateway(table, app_of),
        listener,
        when_ready=lambda: print(_banner(settings, list(channels), is_new=is_new), flush=True),
        in_worker=lambda: schedules.start(table, settings, url),
        at_exit=stop,
    ).run()


def _check_files(settings: Settings) -> None:
    try:
        open_store(settings).database.close()
    except StoreUnavailable as trouble:
        raise SettingError(
            "DATABASE_URL", settings.database_url, f"a database that can be used ({trouble})"
        ) from trouble
    if settings.log_dir:
        folder = ROOT / settings.log_dir
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name in ("server.log", "agent.log"):
                (folder / name).open("a").close()
        except OSError as error:
            expected = f"a folder that can be written ({error.strerror})"
            raise SettingError("LOG_DIR", str(settings.log_dir), expected) from error


def _listen(port: int) -> socket.socket:
    try:
        return listen(port)
    except OSError as error:
        raise SettingError(
            "FLASK_PORT", str(port), f"a port that can be bound on 127.0.0.1 ({error.strerror})"
        ) from error


def _separate_processes() -> tuple[Callable[[str], WSGIApplication], Callable[[], None]]:
    ports = {row.name: _free_port() for row in rows()}
    # Ctrl-C reaches every process of the terminal. Theirs are told by us, and from their birth on do not hear it.
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    supervisor = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "infra.local.processes", json.dumps(ports)], stdin=subprocess.PIPE, cwd=ROOT
    )
    signal.signal(signal.SIGINT, heard)

    def stop() -> None:
        # Its word to end all: gunicorn may have waited for it already, so that its process id says nothing.
        if supervisor.stdin:
            supervisor.stdin.close()

    return in_processes(ports), stop


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _banner(settings: Settings, channels: list[str], *, is_new: bool) -> str:
    off = [name for name in notifiers.channel_names() if name not in channels]
    lines = [
        ("Bonghwa", f"http://localhost:{settings.port}  (Ctrl-C stops it)"),
        ("watching", f"{' '.join(settings.targets)}  every {settings.check_interval_seconds:g} s"),
        ("channels", f"{', '.join(channels)}  (off: {', '.join(off) or 'none'})"),
        ("database", str(settings.database_path)),
        ("logs", f"{ROOT / settings.log_dir if settings.log_dir else '-'}/server.log, agent.log"),
        ("settings", f"{ROOT / '.env'}{'  (made now, with a new API_KEY)' if is_new else ''}"),
    ]
    return "\n".join(f"{name:10}{text}" for name, text in lines)
