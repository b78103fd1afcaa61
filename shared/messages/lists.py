"""One text for several messages of one kind."""

from collections.abc import Sequence

from shared.messages.parts import SEPARATOR, cause_of, details, name_of
from shared.messages.texts import one_line
from shared.models import Alert, Notification
from shared.words import Language, words_of

# A list names so many, and is never longer than Telegram's messages, in UTF-16 units.
MAX_NAMED = 20
MAX_LIST = 4_096
# Lines of the shortest length always fit.
LINE_LENGTHS = (200, 120, 80, 60)


def compose_list(listed: Sequence[tuple[Alert, Notification]], language: Language) -> str:
    """One text for several messages of one kind: how many, the first ones with their ids, and which are not named."""
    kind, words = listed[0][1].kind, words_of(language)
    subjects = {alert.subject for alert, _ in listed if alert.kind.is_of_monitor}
    # A monitor can have recovered from two things: then these are not so many monitors.
    head = words.MESSAGES["list_of_monitors" if len(subjects) == len(listed) else "list"]
    named = [
        SEPARATOR.join([name_of(alert, kind, language), cause_of(alert, language), *details(alert, about, language)])
        for alert, about in listed[:MAX_NAMED]
    ]
    ids = [about.id for _, about in listed]
    return _list(head.format(kind=words.KINDS[kind], count=len(ids)), named, ids, language)


def compose_short_list(listed: Sequence[tuple[Alert, Notification]]) -> str:
    """A list that could not be composed, in English."""
    subjects = [one_line(alert.subject) or "?" for alert, _ in listed[:MAX_NAMED]]
    ids = [notification.id for _, notification in listed]
    return _list(f"{listed[0][1].kind}: {len(ids)}", subjects, ids, "en")


def rest_of(ids: Sequence[int], language: Language) -> str:
    """The last line of a list, about those that it does not name."""
    range_ = "–".join(f"#{id_}" for id_ in sorted({*ids[:1], *ids[-1:]}))
    return words_of(language).MESSAGES["list_of_more"].format(count=len(ids), ids=range_)


def _list(head: str, named: Sequence[str], ids: Sequence[int], language: Language) -> str:
    """The lines of a list, each cut as far as it takes for all to fit into one message of Telegram's."""
    last = [rest_of(ids[len(named) :], language)] if len(ids) > len(named) else []
    for longest in LINE_LENGTHS:
        lines = [f"{one_line(line, longest)}{SEPARATOR}#{id_}" for line, id_ in zip(named, ids, strict=False)]
        text = "\n".join([head, *lines, *last])
        if len(text.encode("utf-16-le")) // 2 <= MAX_LIST:
            break
    return text
