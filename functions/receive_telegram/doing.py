"""People's actions from a chat: the same moves as with PATCH, and the words that say how it went."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from shared.alerting import IllegalMove, TooManyMoves
from shared.messages import one_line
from shared.models import Alert, AlertStatus, now
from shared.models.channel import Route
from shared.models.message import BUTTON_SILENCE_SECONDS
from shared.store import AlertNotFound, NotAMonitors, Store, log_move
from shared.words import Language
from shared.words.acting import acting_words

MAX_NAME = 64


class Done(NamedTuple):
    """The call of the Bot API that answers, and the notifications that are owed now."""

    answer: Mapping[str, Any]
    notification_ids: tuple[int, ...] = ()


class Outcome(NamedTuple):
    """How an action went, in words, and the notifications that are owed now."""

    text: str
    notification_ids: tuple[int, ...] = ()


class Chat(NamedTuple):
    """A chat that somebody acts from. ``channels``: all that are configured; ``own``: those that write to this chat."""

    store: Store
    channels: Mapping[str, Route]
    own: tuple[str, ...]
    language: Language

    def words(self, code: str, **parameters: str) -> str:
        """A text in the language of the chat's messages."""
        return acting_words(self.language)[code].format(**parameters)


def acknowledge(chat: Chat, alert_id: int, *, by: str, once: str) -> Outcome:
    """Acknowledge an alert. The first to act stays recorded."""
    return _move(chat, alert_id, AlertStatus.ACK, by=by, once=once)


def silence(chat: Chat, alert_id: int, *, by: str, once: str) -> Outcome:
    """Silence the monitor of an alert for an hour, unless somebody has just done so."""
    return _move(chat, alert_id, None, by=by, once=once)


def clock_text(at: datetime, today: datetime) -> str:
    """A time as a clock shows it, ``14:20``, and of another day with its date: ``2025-01-09 14:20``."""
    local = at.astimezone()
    return f"{local:%H:%M}" if local.date() == today.astimezone().date() else f"{local:%Y-%m-%d %H:%M}"


def _move(chat: Chat, alert_id: int, to: AlertStatus | None, *, by: str, once: str) -> Outcome:
    at = now()
    try:
        alert, _ = chat.store.alerts.get(alert_id)
        if not alert.status.is_active:
            # Otherwise a repetition would act, if somebody reopens it meanwhile.
            chat.store.alerts.note_handled(once, at=at)
            return Outcome(_said_over(chat, alert, at))
        seconds = BUTTON_SILENCE_SECONDS if to is None else None
        change = chat.store.alerts.move(
            alert_id,
            to,
            by=by,
            at=at,
            channels=chat.channels,
            silence_seconds=seconds,
            keeps_silence=True,
            once=once,
        )
    except AlertNotFound:
        return Outcome(chat.words("alert_unknown"))
    except IllegalMove as too_late:
        return Outcome(_said_over(chat, too_late.alert, at))
    except TooManyMoves as flood:
        return Outcome(chat.words("too_many_moves", seconds=str(flood.retry_after)))
    except NotAMonitors:
        return Outcome(chat.words("not_a_monitor"))
    log_move(change, by)
    if to is None:
        return Outcome(_said_silent(chat, change.alert, at), change.notification_ids)
    if change.kind is not None:
        return Outcome(chat.words("you_have_it"), change.notification_ids)
    return Outcome(_said_acknowledged(chat, change.alert, at), change.notification_ids)


def _said_acknowledged(chat: Chat, alert: Alert, at: datetime) -> str:
    since = alert.acknowledged_at
    if since is None:
        return chat.words("nothing_changed")
    return chat.words("acknowledged", name=_name(chat, alert.acknowledged_by), time=clock_text(since, at))


def _said_silent(chat: Chat, alert: Alert, at: datetime) -> str:
    found = chat.store.windows.silence_of(alert.subject, BUTTON_SILENCE_SECONDS, now=at)
    if found is None:
        return chat.words("nothing_changed")
    return chat.words("silenced", name=_name(chat, found.by), time=clock_text(found.ends_at, at))


def _said_over(chat: Chat, alert: Alert, at: datetime) -> str:
    ended = alert.resolved_at
    return chat.words("over_already", time=clock_text(ended, at)) if ended else chat.words("nothing_changed")


def _name(chat: Chat, name: str | None) -> str:
    return one_line(name or "", MAX_NAME) or chat.words("somebody")
