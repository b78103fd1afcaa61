"""The backend's outage: if the agent cannot reach its backend for long, the agent itself notifies its channels.

It notifies them again when the backend can be reached. The backlog holds what is known, so it survives the process.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from functions.check_monitors.reporting.backlog import Backlog
from shared.logs import step
from shared.models import Time, now
from shared.settings import SettingError, Settings
from shared.settings.secrets import without_credentials
from shared.threads import started

if TYPE_CHECKING:
    from shared.models.message import Message
    from shared.notifiers import NotifierKind

# A run waits no longer for a channel that hangs.
SEND_SECONDS = 3.0


class BackendOutage(BaseModel):
    """The backend cannot be reached ``since`` then; ``ended_at``: it was reached again.

    ``notified``: the channels that know of the outage and not of its end. ``refused``: those that permanently refuse
    to be notified.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    since: Time
    tried_at: Time
    ended_at: Time | None = None
    notified: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def accepted_by(self, channel: str) -> "BackendOutage":
        """Return the outage after the channel accepted the message that was due."""
        others = tuple(name for name in self.notified if name != channel)
        return self.model_copy(update={"notified": others if self.ended_at else (*others, channel)})

    def refused_by(self, channel: str) -> "BackendOutage":
        """Return the outage after the channel refused the message permanently."""
        notified = tuple(name for name in self.notified if name != channel)
        return self.model_copy(update={"notified": notified, "refused": (*self.refused, channel)})


def follow(
    outage: BackendOutage | None,
    *,
    is_reached: bool,
    at: datetime,
    interval_seconds: float,
    ttl_seconds: float,
    channels: Collection[str],
) -> tuple[BackendOutage | None, list[str]]:
    """Return the outage after one run's try, if there is one, and the channels to notify of its state.

    ``channels`` are those that are configured. They are notified of the end for at most ``ttl_seconds``. Pure.
    """
    # Imported here: most runs have nothing to judge.
    from shared.alerting import tolerated_silence

    tolerated = tolerated_silence(interval_seconds)
    if outage is None:
        return (None, []) if is_reached else (BackendOutage(since=at, tried_at=at), [])
    if is_reached:
        ended_at = outage.ended_at or at
        is_stale = at - ended_at > timedelta(seconds=ttl_seconds)
        notified = () if is_stale else tuple(name for name in outage.notified if name in channels)
        ended = outage.model_copy(update={"tried_at": at, "ended_at": ended_at, "notified": notified})
        return (ended, list(notified)) if notified else (None, [])
    was_clock_set_back = at < outage.tried_at
    was_agent_off = at - outage.tried_at > 2 * tolerated
    # An outage that channels know of keeps its beginning. Otherwise their first message would be wrong.
    is_unknown = (was_clock_set_back or was_agent_off) and not outage.notified
    began = {"since": at, "ended_at": None, "refused": ()} if outage.ended_at or is_unknown else {}
    outage = outage.model_copy(update={"tried_at": at, **began})
    if at - outage.since < tolerated:
        return outage, []
    return outage, [name for name in channels if name not in (*outage.notified, *outage.refused)]


def watch_backend(settings: Settings, *, is_reached: bool | None, clock: Callable[[], datetime] = now) -> None:
    """Follow whether the backend can be reached, and notify the channels if they should know.

    ``is_reached``: None if this run did not try. A fault of a channel or of a disk raises nothing.
    """
    if is_reached is None:
        return
    backlog = Backlog(settings)
    # Nearly every run ends here.
    if is_reached and not backlog.has_outage():
        return
    try:
        with backlog.notifying():
            _follow(backlog, settings, is_reached=is_reached, at=clock())
    except TimeoutError:
        # Another run is doing this now, and sees the same backend.
        return


def _follow(backlog: Backlog, settings: Settings, *, is_reached: bool, at: datetime) -> None:
    # Imported here: most runs have nobody to notify.
    from shared.channels import configured

    try:
        channels = configured()
    except SettingError as trouble:
        step("agent", "setting_error", level=logging.ERROR, reason=str(trouble))
        channels = {}
    outage, to_notify = follow(
        _known(backlog),
        is_reached=is_reached,
        at=at,
        interval_seconds=settings.check_interval_seconds,
        ttl_seconds=settings.notification_ttl_seconds,
        channels=tuple(channels),
    )
    _save(backlog, outage)
    if outage is not None and to_notify:
        _notify(backlog, outage, {name: channels[name] for name in to_notify}, settings)


def _known(backlog: Backlog) -> BackendOutage | None:
    """The newest of what the backlog's folders say."""
    found = []
    for outage in backlog.outages():
        try:
            found.append(BackendOutage.model_validate_json(outage))
        except ValidationError:
            continue
    return max(found, key=lambda outage: outage.tried_at, default=None)


def _save(backlog: Backlog, outage: BackendOutage | None) -> None:
    backlog.save_outage(outage.model_dump_json() if outage else None)


def _notify(
    backlog: Backlog, outage: BackendOutage, channels: Mapping[str, "NotifierKind"], settings: Settings
) -> None:
    """Notify the channels side by side, and save each that accepted."""
    from shared.messages import compose_about_backend
    from shared.models.message import Message

    text = compose_about_backend(
        is_reached=outage.ended_at is not None,
        backend_url=without_credentials(settings.backend_url),
        agent=settings.agent,
        since=outage.since,
        at=outage.ended_at or outage.tried_at,
        language=settings.message_language,
    )
    message = Message.of_text(text, settings.message_language)
    sent: queue.SimpleQueue[tuple[str, bool, str | None]] = queue.SimpleQueue()
    for name, notifier in channels.items():
        if not started(threading.Thread(target=_send, args=(name, notifier, message, sent), daemon=True)):
            _send(name, notifier, message, sent)
    kind = "backend_recovery" if outage.ended_at else "backend_unreachable"
    give_up_at = time.monotonic() + SEND_SECONDS + 0.5
    for _ in channels:
        try:
            name, is_settled, trouble = sent.get(timeout=max(0.0, give_up_at - time.monotonic()))
        except queue.Empty:
            break
        level = logging.INFO if trouble is None else logging.WARNING
        outcome = "told" if trouble is None else "not_told"
        step("agent", f"{kind}_{outcome}", level=level, channel=name, since=outage.since, reason=trouble)
        if is_settled:
            outage = outage.accepted_by(name) if trouble is None else outage.refused_by(name)
            _save(backlog, outage if outage.notified or outage.ended_at is None else None)


def _send(
    name: str, notifier: "NotifierKind", message: "Message", sent: "queue.SimpleQueue[tuple[str, bool, str | None]]"
) -> None:
    """Send, and put whether that is settled and why it failed, if it did."""
    from shared.notifiers import SendFailed

    try:
        notifier.send(message, timeout_seconds=SEND_SECONDS)
        sent.put((name, True, None))
    except SendFailed as failure:
        sent.put((name, failure.is_permanent, str(failure)))
    except Exception as defect:  # noqa: BLE001  # a notifier's defect; only its name, since its text may hold a secret
        sent.put((name, False, f"unexpected {type(defect).__name__}"))
