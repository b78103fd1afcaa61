"""The content of a webhook: our fields, or an operator's own text with the same values in it."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from shared.messages.sandbox import render
from shared.models import as_text
from shared.models.message import Message
from shared.settings.durations import duration_text

# Changes if a field changes its meaning or goes. A new field does not change it.
VERSION = 1
Escape = Callable[[str], str]


def our_fields(message: Message) -> dict[str, Any]:
    """The fields that are sent without a template; what is not known is None."""
    alert, notification = message.alert, message.notification
    ended_at = alert.resolved_at if alert else None
    return {
        "version": VERSION,
        "notification_id": notification.id if notification else None,
        "alert_id": alert.id if alert else None,
        "kind": notification.kind.value if notification else None,
        "monitor": alert.subject if alert else None,
        "group": message.group,
        "target_url": alert.target_url if alert else None,
        "cause": alert.cause if alert else None,
        "since": as_text(alert.failed_at) if alert else None,
        "ended_at": as_text(ended_at) if ended_at else None,
        "duration_seconds": (ended_at - alert.failed_at).total_seconds() if alert and ended_at else None,
        "text": message.text,
        "ack_url": message.url("acknowledge"),
        "alert_url": message.url("open"),
    }


def variables_of(message: Message) -> dict[str, str | int]:
    """The variables of a template. An unknown text is empty, and an unknown number 0."""
    known, notification = our_fields(message), message.notification
    seconds = known["duration_seconds"]
    same = ("kind", "monitor", "group", "target_url", "cause", "since", "ended_at", "text", "ack_url", "alert_url")
    texts = {
        "duration": None if seconds is None else duration_text(seconds),
        "by": notification.actor if notification else None,
        "channel": notification.channel if notification else None,
        "url": known["alert_url"],  # its name before `alert_url`
        "language": message.language,
        "title": message.title,
        **{name: known[name] for name in same},
    }
    numbers = {name: known[name] or 0 for name in ("alert_id", "notification_id")}
    return {**{name: value or "" for name, value in texts.items()}, **numbers}


def as_json(fields: Mapping[str, Any]) -> bytes:
    """The fields as JSON."""
    return json.dumps(fields, ensure_ascii=False).encode()


def as_form(fields: Mapping[str, Any]) -> bytes:
    """The fields as a form, or as the query of a URL."""
    return urlencode({name: "" if value is None else value for name, value in fields.items()}).encode()


def in_json(value: str) -> str:
    """``value`` as it stands between the quotation marks of a JSON text."""
    return json.dumps(value, ensure_ascii=False)[1:-1]


def in_form(value: str) -> str:
    """``value`` as it stands in a form, or in the query of a URL."""
    return quote(value, safe="")


def filled(template: str, variables: Mapping[str, Any], escape: Escape) -> str:
    """``template`` with its variables, each in the way that ``escape`` writes it.

    Otherwise a target could, by what it responds, add fields to the request.

    Raises:
        TemplateFailed: see ``messages.sandbox.render``.
    """
    return render(template, variables, escape)
