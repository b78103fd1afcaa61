"""The configuration's file on this machine: its channels when the system starts, its monitors whenever it changes.

A file that is wrong stops the start. Later, a broken edit changes nothing: what is wrong is in the log and in ``GET /``
until the file is right again.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.logs import step
from shared.settings import SettingError, Settings

if TYPE_CHECKING:
    from infra.configuration.file import Configuration
    from shared.store.tables.configuration import Generation

# Two looks in a row have to find the same file, so an edit is followed within a second.
ASK_SECONDS = 0.5
# If the backend does not take the file, this sends it again after a pause: these seconds, or this multiple of the try's
# CPU time if that is longer, since to read thousands of monitors takes seconds.
RETRY_SECONDS, RETRY_TIMES = 5.0, 10.0
# CHANNELS before the file's own were added; handed on to the process that serves.
_GIVEN = "BONGHWA_CHANNELS_GIVEN"
_SUMMARY_LINES = 5
# A line of the log about thousands of monitors would be as long as their file.
_MOST_IN_LOG = 20
_DEFECT = "it could not be applied because of an error of this program; its log has the details"
_Stamp = tuple[object, ...]


class FileWrong(SettingError):
    """The file is wrong. The text has a line for each mistake and no secret."""

    def __init__(self, text: str) -> None:
        Exception.__init__(self, text)
        self.variable = "CONFIG_FILE"


def read_at_start(environ: MutableMapping[str, str], settings: Settings) -> None:
    """Read the file, and add its channels to ``CHANNELS``, which is kept as it was for later readings of the file.

    Raises:
        FileWrong: it is wrong, or it was named and is not there.
    """
    environ.pop(_GIVEN, None)
    configuration = _read(settings, environ)
    if configuration is None or not configuration.channels:
        return
    # Imported here: most systems have no file.
    from shared.channels import JSON, json_with

    # The reader of CHANNELS says what is wrong with it.
    with contextlib.suppress(SettingError):
        both = json_with(environ, configuration.channels)
        environ[_GIVEN], environ[JSON] = environ.get(JSON, ""), both


def names_in_file(settings: Settings) -> list[str]:
    """The monitors of the file, for a person; empty if there is none, or if it is wrong by now."""
    try:
        configuration = _read(settings, os.environ)
    except FileWrong:
        return []
    return [policy.name for policy in configuration.monitors] if configuration else []


def watch(settings: Settings, url: str) -> None:
    """Apply the file now and whenever it changes, in a thread that ends with the process."""
    threading.Thread(target=Watch(settings, url).run, daemon=True, name="configuration").start()


class Watch:
    """Follows the file for the backend at ``url``."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings, self._url = settings, url
        # The stamp that the last check found, the one that was applied, and the one that was tried last.
        self._found: _Stamp | None = None
        self._seen: _Stamp | None = None
        self._tried: _Stamp | None = None
        self._again_at = 0.0
        # The store's, when it last got what the file says.
        self._generation: Generation | None = None
        # The content of the file that was applied last: its channels take effect with the next start only.
        self._channels: Mapping[str, Any] | None = None
        # Whether the file is not there any more, and its monitors are.
        self._is_missed = False

    def run(self) -> None:
        """Check the file, for ever."""
        while True:
            self.check()
            time.sleep(ASK_SECONDS)

    def check(self) -> None:
        """Apply the file if it has changed since, and has not changed any more since the last check.

        Editors and scp write it in place. A file that is caught empty or cut short would be a right one with fewer
        monitors, and would end their outages. A store that was emptied or replaced gets an unchanged file again.
        """
        before, self._found = self._found, _stamp(self._settings.config_file)
        is_written = before in (None, self._found)
        is_due = self._found != self._tried or time.monotonic() >= self._again_at
        if not is_written or not is_due:
            return
        began, is_done = time.thread_time(), True
        try:
            if self._found != self._seen or self._is_forgotten() or self._is_given_up():
                self._seen = None
                is_done = self._apply()
        except Exception:  # noqa: BLE001  # otherwise no later edit would be seen
            # The cause may be gone at the next try.
            is_done = False
            step("server", "configuration_failed", level=logging.ERROR, failure=True)
            with contextlib.suppress(Exception):
                self._say(f"{self._settings.config_file.name}: {_DEFECT}")
        if is_done:
            self._seen = self._found
        pause = max(RETRY_SECONDS, RETRY_TIMES * (time.thread_time() - began))
        self._tried, self._again_at = self._found, time.monotonic() + pause

    def _apply(self) -> bool:
        """Apply the file as it is now; whether that need not be tried again."""
        from infra.configuration.places import unshown
        from infra.configuration.sending import NotApplied, put

        try:
            configuration = _read(self._settings, os.environ)
        except FileWrong as wrong:
            return self._say(str(wrong))
        if configuration is None:
            # It may be missing by accident, or be moved for an edit: to end its monitors would tell people that all is
            # well. If it was not there at the start, somebody knows that, and nobody has to hear of its mistakes.
            self._is_missed = self._channels is not None and self._has_monitors()
            name = self._settings.config_file.name
            return self._say(f"{name}: there is no such file; its monitors stay" if self._is_missed else None)
        self._is_missed = False
        try:
            plan = put(
                configuration.body(), self._url, self._settings.key.get_secret_value(), os.environ, is_dry_run=False
            )
        except NotApplied as trouble:
            self._say(f"{self._settings.config_file.name}: {trouble}")
            return False
        self._tell_of_channels(configuration.channels)
        if not plan.changes_nothing():
            step("server", "configuration_applied", file=self._settings.config_file, plan=_in_short(list(plan.lines())))
        for warning in unshown(configuration, self._settings.status_page):
            step("server", "monitors_unshown", level=logging.WARNING, reason=warning)
        return self._say(None)

    def _is_forgotten(self) -> bool:
        """Whether the store lost what the file says. Otherwise nothing would be watched until the next edit."""
        from shared.store import StoreUnavailable, open_store

        try:
            found = open_store(self._settings).monitors.generation()
        except StoreUnavailable:
            return False
        return self._generation is not None and not found.has_all_of(self._generation)

    def _is_given_up(self) -> bool:
        """Whether the file is still missing, and somebody has taken its monitors away by hand."""
        return self._is_missed and not self._has_monitors()

    def _has_monitors(self) -> bool:
        from shared.store import StoreUnavailable, open_store

        try:
            return bool(open_store(self._settings).monitors.page(limit=1, source="file"))
        except StoreUnavailable:
            return True

    def _tell_of_channels(self, channels: Mapping[str, Any]) -> None:
        if self._channels is not None and channels != self._channels:
            reason = "its channels take effect when the system restarts"
            step("server", "channels_changed", level=logging.WARNING, reason=reason)
        self._channels = channels

    def _say(self, problem: str | None) -> bool:
        """Log what is wrong with the file, if something is, and let ``GET /`` say it; whether it could be said."""
        from shared.store import StoreUnavailable, open_store

        # Readers of ``GET /`` need not know the folders of this machine.
        folder = f"{self._settings.config_file.parent}/"
        lines = [line.removeprefix(folder) for line in problem.splitlines()] if problem else []
        for line in lines:
            step("server", "configuration_refused", level=logging.ERROR, reason=line)
        more = [f"and {len(lines) - _SUMMARY_LINES} more mistakes"] if len(lines) > _SUMMARY_LINES else []
        try:
            monitors = open_store(self._settings).monitors
            monitors.note_problem("\n".join([*lines[:_SUMMARY_LINES], *more]) or None)
            self._generation = monitors.generation()
        except StoreUnavailable:
            return False
        return True


def _read(settings: Settings, environ: Mapping[str, str]) -> "Configuration | None":
    """The file; None if there is none and none was named. Raises FileWrong."""
    file = settings.config_file
    if settings.config_file_given is None and not os.path.lexists(file):
        return None
    # Imported here: most systems have no file.
    from infra.configuration.file import FileErrors, read

    try:
        # Channels that the file had at the start must not count as those of the environment.
        return read(file, {**environ, "CHANNELS": environ.get(_GIVEN, environ.get("CHANNELS", ""))})
    except FileErrors as wrong:
        raise FileWrong(str(wrong)) from None


def _in_short(lines: Sequence[str]) -> str:
    """A plan in one line; its last one, the counts, says how many are left out."""
    *changes, counts = lines
    left_out = ["…"] if len(changes) > _MOST_IN_LOG else []
    return "; ".join([*changes[:_MOST_IN_LOG], *left_out, counts])


def _stamp(file: Path) -> _Stamp:
    """The facts of the file that differ once somebody has changed it."""
    try:
        found = file.stat()
    except OSError as error:
        return (error.errno,)
    return found.st_mtime_ns, found.st_size, found.st_ino
