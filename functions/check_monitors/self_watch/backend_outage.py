"""The backend, watched: if the agent cannot reach it for long, the agent itself tells its channels so, and its end.

What is known of it is kept in a file beside the spool, one for each backend, so that it survives the process; in
memory where no folder takes it.
"""

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from functions.check_monitors.reporting.spool import folders, locked_at_once, refuse_a_strangers, short_name
from shared.logs import step
from shared.models import Time, now
from shared.settings import SettingError, Settings
from shared.settings.secrets import without_credentials

if TYPE_CHECKING:
    from shared.notifiers import Notifier

# For a channel that hangs the run waits no longer.
SEND_SECONDS = 3.0

# By the file's name, what the files should say and cannot be made to.
_unwritten: "dict[str, Outage | None]" = {}
_alone_in_memory = threading.Lock()


class Outage(BaseModel):
    """The backend, out of reach since then, or reached again ``ended_at``.

    ``told``: the channels that know of it and not of its end. ``refused``: those that will never take a word of it.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    since: Time
    tried_at: Time
    ended_at: Time | None = None
    told: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def took(self, channel: str) -> "Outage":
        """As it is once the channel took the word that it was to be told."""
        others = tuple(each for each in self.told if each != channel)
        return self.model_copy(update={"told": others if self.ended_at else (*others, channel)})

    def was_refused(self, channel: str) -> "Outage":
        """As it is once the channel said that trying again cannot help."""
        told = tuple(each for each in self.told if each != channel)
        return self.model_copy(update={"told": told, "refused": (*self.refused, channel)})


def follow(
    outage: Outage | None,
    *,
    is_reached: bool,
    at: datetime,
    interval_seconds: float,
    ttl_seconds: float,
    channels: Collection[str],
) -> tuple[Outage | None, list[str]]:
    """What one run's try means: the outage as it is now, if any, and the channels to be told how it stands.

    ``channels`` are those that are configured. The end is told for ``ttl_seconds`` at most. Pure.
    """
    # Imported here: most runs have nothing to judge.
    from shared.alerting import tolerated_silence

    patience = tolerated_silence(interval_seconds)
    if outage is None:
        return (None, []) if is_reached else (Outage(since=at, tried_at=at), [])
    if is_reached:
        ended_at = outage.ended_at or at
        is_stale = at - ended_at > timedelta(seconds=ttl_seconds)
        told = () if is_stale else tuple(each for each in outage.told if each in channels)
        ended = outage.model_copy(update={"tried_at": at, "ended_at": ended_at, "told": told})
        return (ended, list(told)) if told else (None, [])
    # Away for longer than two such spells, the agent itself was off, or somebody set its clock.
    is_away = not timedelta() <= at - outage.tried_at <= 2 * patience
    # Of one that is told already the beginning stays, or what was told of it would be wrong.
    is_new = outage.ended_at is not None or (is_away and not outage.told)
    began = {"since": at, "ended_at": None, "refused": ()} if is_new else {}
    outage = outage.model_copy(update={"tried_at": at, **began})
    if at - outage.since < patience:
        return outage, []
    return outage, [each for each in channels if each not in (*outage.told, *outage.refused)]


def watch_backend(settings: Settings, *, is_reached: bool | None, clock: Callable[[], datetime] = now) -> None:
    """Follow whether the backend is reached, and tell the channels what they shall know of it.

    None: this run did not try. Never raises for a channel's or a disk's fault.
    """
    if is_reached is None:
        return
    name = f"backend-{short_name(settings.backend_url)}.json"
    files = [folder / name for folder in folders(settings)]
    # Nearly every run ends here.
    if is_reached and _unwritten.get(name) is None and not any(os.path.lexists(file) for file in files):
        return
    with _alone(files) as is_alone:
        # Who runs at the same time sees the same.
        if is_alone:
            _follow(files, settings, is_reached=is_reached, at=clock())


def _follow(files: Sequence[Path], settings: Settings, *, is_reached: bool, at: datetime) -> None:
    # Here, and not above: most runs have nothing to tell.
    from shared.channels import configured

    try:
        channels = configured()
    except SettingError as trouble:
        step("agent", "setting_error", level=logging.ERROR, reason=str(trouble))
        channels = {}
    outage, to_tell = follow(
        _read(files),
        is_reached=is_reached,
        at=at,
        interval_seconds=settings.check_interval_seconds,
        ttl_seconds=settings.notification_ttl_seconds,
        channels=tuple(channels),
    )
    _write(files, outage)
    if outage is not None and to_tell:
        _tell(files, outage, {name: channels[name] for name in to_tell}, settings)


def _tell(files: Sequence[Path], outage: Outage, channels: Mapping[str, "Notifier"], settings: Settings) -> None:
    """Tell the channels side by side, and write down each that took it."""
    from shared.messages import compose_about_backend

    text = compose_about_backend(
        is_reached=outage.ended_at is not None,
        backend_url=without_credentials(settings.backend_url),
        agent=settings.agent,
        since=outage.since,
        at=outage.ended_at or outage.tried_at,
        language=settings.message_language,
    )
    sent: queue.SimpleQueue[tuple[str, bool, str | None]] = queue.SimpleQueue()
    for name, notifier in channels.items():
        threading.Thread(target=_send, args=(name, notifier, text, sent), daemon=True).start()
    kind = "backend_recovery" if outage.ended_at else "backend_unreachable"
    give_up_at = time.monotonic() + SEND_SECONDS + 0.5
    for _ in channels:
        try:
            name, is_over, trouble = sent.get(timeout=max(0.0, give_up_at - time.monotonic()))
        except queue.Empty:
            break
        level = logging.INFO if trouble is None else logging.WARNING
        said = "told" if trouble is None else "not_told"
        step("agent", f"{kind}_{said}", level=level, channel=name, since=outage.since, reason=trouble)
        if is_over:
            outage = outage.took(name) if trouble is None else outage.was_refused(name)
            _write(files, outage if outage.told or outage.ended_at is None else None)


def _send(name: str, notifier: "Notifier", text: str, sent: "queue.SimpleQueue[tuple[str, bool, str | None]]") -> None:
    """Send, and say whether that is settled and, if it failed, why."""
    from shared.notifiers import SendFailed

    try:
        notifier.send(text, timeout_seconds=SEND_SECONDS)
        sent.put((name, True, None))
    except SendFailed as failure:
        sent.put((name, failure.is_permanent, str(failure)))
    except Exception as defect:  # noqa: BLE001  # of a notifier; only its name: the text may hold anything
        sent.put((name, False, f"unexpected {type(defect).__name__}"))


@contextmanager
def _alone(files: Sequence[Path]) -> Iterator[bool]:
    """Whether no other run is at it; if so, none will be meanwhile."""
    for file in files:
        try:
            lock = file.with_suffix(".lock").open("w")
        except OSError:
            continue
        with lock:
            yield locked_at_once(lock.fileno())
        return
    is_alone = _alone_in_memory.acquire(blocking=False)
    try:
        yield is_alone
    finally:
        if is_alone:
            _alone_in_memory.release()


def _read(files: Sequence[Path]) -> Outage | None:
    if files[0].name in _unwritten:
        return _unwritten[files[0].name]
    found = []
    for file in files:
        try:
            refuse_a_strangers(file)
            found.append(Outage.model_validate_json(file.read_bytes()))
        except (OSError, ValidationError):
            continue
    return max(found, key=lambda outage: outage.tried_at, default=None)


def _write(files: Sequence[Path], outage: Outage | None) -> None:
    """Make the first file that can be written say so, and the others say nothing."""
    is_told_by_one = outage is None
    trouble: OSError | None = None
    for file in files:
        try:
            if outage is not None and not is_told_by_one:
                _replace(file, outage)
                is_told_by_one = True
            # Not where the folder is gone: what stands in there comes back with it.
            elif os.path.lexists(file) or not file.parent.is_dir():
                file.unlink()
        except OSError as error:
            trouble = error
    if trouble is None:
        _unwritten.pop(files[0].name, None)
        return
    _unwritten[files[0].name] = outage
    if not is_told_by_one:
        step("agent", "backend_watch_unusable", level=logging.WARNING, reason=str(trouble), path=files[0])


def _replace(file: Path, outage: Outage) -> None:
    new = file.with_suffix(".new")
    with new.open("wb") as opened:
        opened.write(outage.model_dump_json().encode())
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(file)
