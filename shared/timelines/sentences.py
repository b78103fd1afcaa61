"""The sentences of a timeline, in the service's language."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.messages import one_line, said_cause, seconds_text, time_text
from shared.models import Alert, Cause
from shared.words import Language, reason_text, words_of

_CHANNELS_WORDS = 120
_NAME = 64
# A check that counted for nothing says why.
_SAID = ("late", "maintenance", "not_watched", "does_not_vote")


def of_check(
    event: Mapping[str, Any],
    reason: str | None,
    count: tuple[int, int] | None,
    language: Language,
    *,
    location: str | None,
) -> tuple[str, str | None]:
    """How a check went: ``failed (HTTP 503 after 214 ms), 2 of 3``; and the reason that the sentence says, if it does.

    ``count``: which in a row it is, of how many. ``location``: where it comes from, if others check the monitor too.
    """
    words = words_of(language).TIMELINE
    failed = "inconclusive" if event["is_inconclusive"] else "failed"
    code = "succeeded" if event["is_success"] else failed
    what = _what(event, language)
    text = words[f"{code}_with"].format(what=what) if what else words[code]
    if location is not None:
        text = words["located"].format(text=text, location=one_line(location, _NAME))
    if count is not None and 1 <= count[0] <= count[1] != 1:
        text = words["count"].format(text=text, number=count[0], threshold=count[1])
    said = reason if reason in _SAID else None
    if location is not None and said is None:
        said = _votes(event, reason, count)
    return (words["because"].format(text=text, reason=reason_text(language, said)) if said else text), said


def _votes(event: Mapping[str, Any], reason: str | None, count: tuple[int, int] | None) -> str | None:
    """The reason that says whether enough locations see an outage, if that decided."""
    if reason == "below_quorum":
        return None if event["is_success"] else reason
    if reason == "recovering":
        # This location has recovered. The outage goes on for the others.
        return "quorum_met" if count is not None and count[0] >= count[1] else None
    return reason if reason == "quorum_met" else None


def _what(event: Mapping[str, Any], language: Language) -> str:
    """The status or the cause that the check saw, and the time that it took."""
    words = words_of(language).TIMELINE
    status, milliseconds = event["status_code"], event["response_time_ms"]
    cause = Cause.model_validate(event["cause"]) if event["cause"] else None
    seen = said_cause(cause, event["error_message"], language)
    # The phrase behind a status says nothing new.
    if status is not None and (event["is_success"] or not seen or seen.startswith(f"HTTP {status} ")):
        seen = f"HTTP {status}"
    if milliseconds is None:
        return seen
    shown = f"{milliseconds:.0f}" if milliseconds >= 1 else f"{milliseconds:.1g}"
    return words["after" if seen else "milliseconds"].format(what=seen, milliseconds=shown)


def of_state_change(before: str, after: str, reason: str, language: Language) -> str:
    """A monitor's new state, and why: ``PENDING → DOWN: the failure threshold was met``."""
    said = reason_text(language, reason)
    return words_of(language).TIMELINE["state_change"].format(before=before, after=after, reason=said)


def of_opened(alert: Alert, language: Language) -> str:
    """An alert that opened."""
    words = words_of(language)
    cause = said_cause(alert.cause_data, alert.cause, language) or words.MESSAGES["cause_unknown"]
    return words.TIMELINE["alert_opened"].format(id=alert.id, kind=words.KINDS[alert.kind], cause=cause)


def of_acknowledged(alert: Alert, language: Language) -> str:
    """An alert that somebody acknowledged."""
    return _by(alert, "alert_acknowledged", alert.acknowledged_by, language)


def of_reopened(alert: Alert, language: Language) -> str:
    """An alert that somebody set to OPEN: it was over, or acknowledged."""
    return _by(alert, "alert_reopened", alert.acknowledged_by, language)


def of_resolved(alert: Alert, language: Language, *, is_by_hand: bool) -> str:
    """An alert that ended."""
    return _by(alert, "alert_resolved_by_hand" if is_by_hand else "alert_resolved", alert.resolved_by, language)


def _by(alert: Alert, code: str, by: str | None, language: Language) -> str:
    words = words_of(language).TIMELINE
    text = words[code].format(id=alert.id)
    name = one_line(by or "", _NAME)
    return words["by"].format(text=text, name=name) if name else text


def of_window(kind: str, title: str | None, until: datetime | None, language: Language) -> str:
    """A window that begins, and lasts ``until`` then, or that ends (None)."""
    words = words_of(language).TIMELINE
    name = words[kind]
    if title and (shown := one_line(title)):
        name = words["titled"].format(kind=name, title=shown)
    if until is None:
        return words["window_ends"].format(window=name)
    return words["window_begins"].format(window=name, time=time_text(until))


def of_notification(row: Mapping[str, Any], language: Language) -> str:
    """An attempt to send a message, or the decision not to: ``OUTAGE to ops in 0.4 s``. ``row``: of the log."""
    words = words_of(language)
    said = words.TIMELINE[f"notification_{row['status'].lower()}"]
    ended_at = datetime.fromisoformat(row["attempted_at"]) + timedelta(milliseconds=row["duration_ms"])
    took = max(0.0, (ended_at - datetime.fromisoformat(row["created_at"])).total_seconds())
    text = said.format(
        kind=words.KINDS.get(row["kind"], row["kind"]),
        channel=one_line(row["channel"]),
        duration=seconds_text(took, language),
        answer=one_line(row["answer"] or "", _CHANNELS_WORDS) or words.MESSAGES["cause_unknown"],
        reason=reason_text(language, row["reason"]) if row["reason"] else words.MESSAGES["cause_unknown"],
    )
    if row["status"] == "SENT" and row["reason"]:
        text = words.TIMELINE["because"].format(text=text, reason=reason_text(language, row["reason"]))
    if row["earlier"] and row["status"] != "EXPIRED":
        answer = one_line(row["earlier_answer"] or "", _CHANNELS_WORDS)
        which = words.attempt(row["earlier"] + 1)
        text = words.TIMELINE["attempt"].format(text=text, attempt=which, answer=answer)
    return text
