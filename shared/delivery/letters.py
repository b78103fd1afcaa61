"""The words of a mail to a subscriber, for visitors. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.models.message import Link, Message, Tone
from shared.notifiers.cutting import cut
from shared.pages import formatting
from shared.pages.formatting import Named
from shared.pages.markdown import plain
from shared.words import Language
from shared.words.pages import frame_words, plain_speaker, status_words
from shared.words.subscribing import subscribing_words
from shared.words.visitors import visitors_cause

_MOST_NAMES = 20
# A subject is cut at its end, where its state and its page stand: so these leave room for them.
_LONGEST_NAME, _LONGEST_PAGE = 100, 60
_TONES: Mapping[str, Tone] = {"DOWN": "bad", "UP": "good", "INCIDENT": "warning", "WINDOW": "neutral"}


def confirmation(title: str | None, language: Language, *, confirm_url: str) -> Message:
    """The mail that asks whether the address's owner wants the others. ``title``: the page's."""
    say = _speaker(language)
    name = title or say("default_title")
    links = (Link("open", say("to_confirm"), confirm_url),)
    return _message(say("mail_confirm", title=name), [say("mail_confirm_more", title=name)], links, language, "neutral")


def announcement(
    kind: str, body: Mapping[str, Any], title: str | None, language: Language, *, page_url: str, end_url: str
) -> Message:
    """The mail about something that was announced. ``kind`` and ``body``: as the store has them."""
    say = _speaker(language)
    subject, lines = {"DOWN": _down, "UP": _up, "INCIDENT": _incident, "WINDOW": _window}[kind](body, say, language)
    links = (Link("open", say("to_page"), page_url), Link("open", say("to_end"), end_url))
    is_fixed = kind == "INCIDENT" and body["state"] == "resolved"
    tone: Tone = "good" if is_fixed else _TONES[kind]
    page = cut(title or say("default_title"), _LONGEST_PAGE)
    return _message(f"{subject} · {page}", lines, links, language, tone)


def _message(title: str, lines: list[str], links: tuple[Link, ...], language: Language, tone: Tone) -> Message:
    # The first line of the text is the title.
    one_line = " ".join(title.split())
    return Message("\n".join([one_line, *lines]), one_line, language=language, links=links, own_tone=tone)


def _speaker(language: Language) -> Any:
    return plain_speaker(subscribing_words(language), status_words(language), frame_words(language))


def _down(body: Mapping[str, Any], say: Any, language: Language) -> tuple[str, list[str]]:
    outages = body["outages"]
    lines = [
        say(
            "down_line",
            name=each["name"],
            cause=say(visitors_cause(each["cause"])),
            time=_date(each["since"], language),
        )
        for each in outages[:_MOST_NAMES]
    ]
    title = say("feed_down", name=_named(outages[0]["name"])) if len(outages) == 1 else say("some_down", n=len(outages))
    return title, _listed(lines, len(outages))


def _up(body: Mapping[str, Any], say: Any, language: Language) -> tuple[str, list[str]]:
    outages = body["outages"]
    lines = []
    for each in outages[:_MOST_NAMES]:
        began, ended = (datetime.fromisoformat(each[name]) for name in ("since", "until"))
        lasted = formatting.duration((ended - began).total_seconds(), language)
        times = {"from_time": formatting.date(began, language), "to_time": formatting.date(ended, language)}
        lines.append(say("over_line", name=each["name"], duration=lasted, **times))
    title = say("feed_over", name=_named(outages[0]["name"])) if len(outages) == 1 else say("some_over", n=len(outages))
    return title, _listed(lines, len(outages))


def _incident(body: Mapping[str, Any], say: Any, language: Language) -> tuple[str, list[str]]:
    state = say(body["state"])
    lines = _whole(body["title"])
    lines += [say("incident_line", state=state, time=_date(body["at"], language))]
    lines += ["", plain(body["text"]), ""] if body["text"] else []
    lines += [say("affected", names=", ".join(body["names"][:_MOST_NAMES]))] if body["names"] else []
    return f"{cut(body['title'], _LONGEST_NAME)} · {state}", lines


def _window(body: Mapping[str, Any], say: Any, language: Language) -> tuple[str, list[str]]:
    names = say("everything") if body["names"] is True else ", ".join(body["names"][:_MOST_NAMES])

    def times(said: Mapping[str, str]) -> dict[str, str]:
        return {"from_time": _date(said["starts_at"], language), "to_time": _date(said["ends_at"], language)}

    code = "cancelled" if body.get("is_cancelled") else "moved" if "was" in body else "planned"
    title = body["title"] or ""
    subject = say(f"{code}_named", name=cut(title, _LONGEST_NAME)) if title else say(code)
    lines = [say("planned_line", **times(body))]
    lines += [say("moved_line", **times(body["was"]))] if code == "moved" else []
    return subject, [*_whole(title), *lines, say("affected", names=names)]


def _named(name: str) -> Named:
    return Named(cut(name, _LONGEST_NAME))


def _whole(title: str) -> list[str]:
    """The title, if the subject has a part of it alone."""
    return [title] if len(title) > _LONGEST_NAME else []


def _listed(lines: list[str], count: int) -> list[str]:
    """One thing, or a list of several, cut to a length that people read."""
    more = [f"+{count - len(lines)}"] if count > len(lines) else []
    return [f"• {line}" for line in (*lines, *more)] if count > 1 else lines


def _date(text: str, language: Language) -> str:
    return formatting.date(datetime.fromisoformat(text), language)
