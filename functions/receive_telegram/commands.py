"""Commands in a chat that a channel names: /status, /ack N, /silence NAME 1h and /test. Others are for other bots."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta

from functions.receive_telegram.doing import Chat, Done, Outcome, acknowledge, clock_text
from functions.receive_telegram.updates import Command
from shared.logs import step
from shared.messages import compose_test, one_line, said_cause, time_text, title_of
from shared.models import Alert, AlertStatus, NotificationKind, now
from shared.settings.durations import seconds_of
from shared.store import UnknownName

_MOST = 20
_MOST_ALIKE = 5
# Telegram's own limit for a message, in UTF-16 units.
_LONGEST = 4_096
_NUMBER = re.compile(r"(#?)([1-9]\d{0,17})")


def answer_to_command(command: Command, chat: Chat) -> Done:
    """Do what a command says; the answer is a message in its chat. Nothing happens in a chat that no channel names."""
    do = _COMMANDS.get(command.verb)
    if do is None or not chat.own:
        return Done({})
    outcome = do(command, chat)
    text = outcome.text.encode("utf-16-le")[: _LONGEST * 2].decode("utf-16-le", "ignore")
    return Done(
        {
            "method": "sendMessage",
            "chat_id": command.chat_id,
            "text": text,
            **({"message_thread_id": command.topic} if command.topic else {}),
            "reply_parameters": {"message_id": command.message_id, "allow_sending_without_reply": True},
            "link_preview_options": {"is_disabled": True},
        },
        outcome.notification_ids,
    )


def _status(command: Command, chat: Chat) -> Outcome:  # noqa: ARG001  # every command takes both
    alerts = chat.store.alerts
    opened = alerts.page(status=AlertStatus.OPEN, limit=_MOST)
    acknowledged = alerts.page(status=AlertStatus.ACK, limit=_MOST)
    if not opened and not acknowledged:
        return Outcome(chat.words("no_alerts"))
    lines = [_line(alert, chat) for alert in (*opened, *acknowledged)[:_MOST]]
    left = chat.store.summary()["open_alerts"] - len(lines)
    return Outcome("\n".join([*lines, *([chat.words("more_alerts", count=str(left))] if left > 0 else [])]))


def _line(alert: Alert, chat: Chat) -> str:
    title = title_of(alert, NotificationKind(alert.kind.value), chat.language)
    parts = [
        chat.words("alert", id=str(alert.id)),
        title,
        said_cause(alert.cause_data, alert.cause, chat.language),
        chat.words("since", time=time_text(alert.failed_at)),
    ]
    if alert.acknowledged_at is not None:
        name = one_line(alert.acknowledged_by or "", 64) or chat.words("somebody")
        parts.append(chat.words("acknowledged", name=name, time=clock_text(alert.acknowledged_at, now())))
    return " · ".join(part for part in parts if part)


def _ack(command: Command, chat: Chat) -> Outcome:
    found = _NUMBER.fullmatch(command.rest)
    if found is None:
        return Outcome(chat.words("usage_ack"))
    # A message shows its own number as #17; the alert has another one.
    alert_id = chat.store.alerts.alert_of_notification(int(found[2])) if found[1] else int(found[2])
    if alert_id is None:
        return Outcome(chat.words("alert_unknown"))
    return acknowledge(chat, alert_id, by=command.by, once=command.name)


def _silence(command: Command, chat: Chat) -> Outcome:
    name, _, lasts = command.rest.rpartition(" ")
    try:
        seconds = seconds_of(lasts)
    except ValueError:
        seconds = 0.0
    if not name.strip() or seconds < 1:
        return Outcome(chat.words("usage_silence"))
    # Imported here: a window's model costs a cold start, and buttons need none.
    from shared.monitors.windows.window import Window

    known = chat.store.monitors.names()
    at, meant = now(), _meant(name.strip(), known)
    try:
        window = Window(kind="silence", monitors=(meant,), duration=seconds, by=command.by)
    except ValueError:  # a name that no monitor can have
        return Outcome(chat.words("monitor_unknown", name=one_line(meant, 64)))
    try:
        entry = chat.store.windows.add(window, now=at, once=command.name)
    except UnknownName:
        return Outcome(_unknown(meant, known, chat))
    if entry is None:
        return Outcome(chat.words("nothing_changed"))
    step("server", "window_created", window_id=entry.planned.id, kind=window.kind, by=window.by)
    # Somebody may have silenced it for longer.
    last = chat.store.windows.silence_of(meant, seconds, now=at)
    by, ends_at = (last.by, last.ends_at) if last else (command.by, at + timedelta(seconds=seconds))
    said_by = one_line(by or "", 64) or chat.words("somebody")
    return Outcome(chat.words("silenced", name=said_by, time=clock_text(ends_at, at)))


def _meant(name: str, known: Collection[str]) -> str:
    """The monitor's name as it is written: a phone begins a word with a capital. As given if several differ by case."""
    if name in known:
        return name
    alike = [each for each in known if each.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else name


def _unknown(name: str, known: Iterable[str], chat: Chat) -> str:
    import difflib  # only for mistakes

    by_case = sorted(sorted(known), key=str.casefold)
    folded = [each.casefold() for each in by_case]
    close = set(difflib.get_close_matches(name.casefold(), folded))
    alike = [one_line(each, 64) for each, fold in zip(by_case, folded, strict=True) if fold in close][:_MOST_ALIKE]
    said = chat.words("monitor_unknown", name=one_line(name, 64))
    return f"{said} {chat.words('monitors_alike', names=', '.join(alike))}" if alike else said


def _test(command: Command, chat: Chat) -> Outcome:  # noqa: ARG001  # every command takes both
    return Outcome(compose_test(now(), chat.language))


_COMMANDS: Mapping[str, Callable[[Command, Chat], Outcome]] = {
    "status": _status,
    "ack": _ack,
    "silence": _silence,
    "test": _test,
}
