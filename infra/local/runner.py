"""``make run``: the whole system on this machine, at http://localhost:FLASK_PORT."""

import errno
import json
import os
import socket
import sys
import time
from collections.abc import Mapping

from infra.local import large_values
from infra.local.configured import names_in_file, read_at_start
from infra.local.environment import (
    make_dotenv,
    read_dotenv,
    take_out_debug,
    warn_of_open_file,
    warn_of_overridden,
    warn_of_unknown_zone,
)
from infra.local.server import listen
from infra.table import rows
from shared import ROOT
from shared.channels import FROM_VARIABLES, configured
from shared.logs import FILES
from shared.logs.private import open_private
from shared.notifiers import NotifierKind
from shared.settings import SettingError, Settings, is_loopback
from shared.settings.proxies import refuse_unusable
from shared.settings.secrets import without_password
from shared.store import StoreUnavailable, StoreUnsuitable, open_store
from shared.web.sessions import link_token

# If the previous start was killed, what it left holds the port until it notices that, which takes a second.
FREE_SECONDS = 3.0
_NO_FILES = "standard output, as JSON"


def main() -> None:
    """Run until stopped. If the system cannot start, exit with one line on standard error."""
    try:
        is_new = make_dotenv()
        read_dotenv(os.environ)
        warn_of_overridden()
        warn_of_unknown_zone(os.environ)
        settings = Settings.from_env()
        _ = settings.key
        refuse_unusable(settings.backend_url)
        read_at_start(os.environ, settings)
        for notifier in configured().values():
            notifier.refuse_missing_library()
            notifier.refuse_unusable_proxy()
        listener = _listen(settings)
        _check_store(settings)
        _check_logs(settings)
        warn_of_open_file()
    except SettingError as trouble:
        sys.exit(f"bonghwa: {trouble}")
    take_out_debug(os.environ, is_verbose=settings.is_verbose)
    is_separate = os.environ.get("SEPARATE", "") not in ("", "0")
    of_functions = {row.name: listen(0) for row in rows()} if is_separate else {}
    for inherited in (listener, *of_functions.values()):
        inherited.set_inheritable(True)
    numbers = json.dumps({name: bound.fileno() for name, bound in of_functions.items()})
    # serve.py takes over this very process, which frees the memory of what the checks above imported.
    arguments = [str(listener.fileno()), numbers, *(["--new"] if is_new else [])]
    large_values.hand_over(os.environ)
    os.execv(sys.executable, [sys.executable, "-m", "infra.local.serve", *arguments])  # noqa: S606  # our own module


def _check_store(settings: Settings) -> None:
    """Refuse a database that can never be used, and warn of one that cannot be used now."""
    try:
        open_store(settings).database.close()
    except StoreUnavailable as trouble:
        path = settings.database_path
        url = f"sqlite:///{path}" if path else settings.database
        wrong = SettingError("DATABASE_URL", url, f"a database that can be used ({trouble})")
        # If there is no file and none can be made, its folder is the wrong one.
        if isinstance(trouble, StoreUnsuitable) or (path and not os.path.isfile(path)):  # noqa: PTH113  # never raises
            raise wrong from trouble
        # Otherwise visitors would not see how things stood, and nothing would go on by itself when the trouble ends.
        print(f"bonghwa: warning: {wrong}; it starts all the same", file=sys.stderr, flush=True)


def _check_logs(settings: Settings) -> None:
    if settings.log_dir:
        folder = ROOT / settings.log_dir
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in FILES.values():
                os.close(open_private(folder / name))
        except OSError as error:
            expected = f"a folder that can be written ({error.strerror})"
            raise SettingError("LOG_DIR", str(settings.log_dir), expected) from error


def _listen(settings: Settings) -> socket.socket:
    # Behind a proxy alone, requests are refused one by one, and what is watched stays watched.
    if not is_loopback(settings.host):
        settings.refuse_weak_keys()
    try:
        return _listen_once_free(settings)
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            raise SettingError(
                "FLASK_HOST", settings.host, f"an IP address of this machine ({error.strerror})"
            ) from error
        raise SettingError(
            "FLASK_PORT", str(settings.port), f"a port that can be bound on {settings.host} ({error.strerror})"
        ) from error


def _listen_once_free(settings: Settings) -> socket.socket:
    give_up_at = time.monotonic() + FREE_SECONDS
    while True:
        try:
            return listen(settings.port, settings.host)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > give_up_at:
                raise
        time.sleep(0.05)


def banner(settings: Settings, channels: Mapping[str, NotifierKind], *, is_new: bool) -> str:
    """The lines that a person needs when the system serves. ``is_new``: this start made the settings file."""
    on = {notifier.kind for notifier in channels.values()}
    url = settings.own_url.replace("127.0.0.1", "localhost")
    watched = list(settings.target_names)
    if watched:
        watched[0] += f"  every {settings.check_interval_seconds:g} s"
    named = names_in_file(settings)
    if named:
        watched.append(f"{len(named)} monitors of {settings.config_file.name}")
    if settings.backend_url != settings.own_url:
        watched.append(f"agent {settings.agent} of {without_password(settings.backend_url)}")
    file, note = ROOT / ".env", "  (made now, with a new API_KEY)" if is_new else ""
    off = [kind for kind in FROM_VARIABLES if kind not in on]
    lines = [
        ("Bonghwa", f"{url}  (Ctrl-C stops it)"),
        ("sign in", f"{url}/dashboard/sign-in?token={link_token(settings)}"),
        ("watching", watched[0] if watched else "nothing yet: set TARGET_URL, write bonghwa.yaml, or POST /monitors"),
        # One a line, so that a comma that was taken for a separator is seen.
        *(("", text) for text in watched[1:]),
        ("channels", f"{', '.join(channels) or 'none'}  (off: {', '.join(off) or 'none'})"),
        ("database", settings.database),
        ("logs", f"{ROOT / settings.log_dir}/{', '.join(FILES.values())}" if settings.log_dir else _NO_FILES),
        ("settings", f"{file}{note}" if os.path.lexists(file) else "the environment"),
    ]
    return "\n".join(f"{name:10}{text}" for name, text in [*lines, *_warning(settings)])


def _warning(settings: Settings) -> list[tuple[str, str]]:
    if not settings.serves_others:
        return []
    address = without_password(settings.public_url or "") if is_loopback(settings.host) else settings.host
    lines = []
    try:
        settings.refuse_weak_keys()
    except SettingError as weak:
        lines.append(("WARNING", f"no key opens anything on {address}, except to agents: {weak}"))
    if settings.api_auth != "all":
        open_to_all = "read alerts" if settings.api_auth == "writes" else "read and change alerts"
        lines.append(("WARNING", f"others can {open_to_all} without a key on {address}: set API_AUTH=all"))
    return lines
