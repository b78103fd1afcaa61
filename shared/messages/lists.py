"""One text for several messages of one kind. Pure."""

from collections.abc import Sequence
from datetime import tzinfo

from shared.messages.parts import SEPARATOR, cause_of, details, name_of
from shared.messages.texts import one_line
from shared.models import Alert, Notification
from shared.words import Language, words_of

# A list names so many, and is never longer than Telegram's messages, in UTF-16 units.
MAX_NAMED = 20
MAX_LIST = 4_096
# Lines of the shortest length always fit.
LINE_LENGTHS = (200, 120, 80, 60)


def compose_list(listed: Sequence[tuple[Alert, Notification]], language: Language, zone: tzinfo | None = None) -> str:
    """One text for several messages of one kind: how many, the first ones with their ids, and which are not named.

    ``zone``: as for ``compose``.
    """
    kind, words = listed[0][1].kind, words_of(language)
    subjects = {alert.subject for alert, _ in listed if alert.kind.is_of_monitor}
    # A monitor can have recovered from two things: then these are not so many monitors.
    head = words.MESSAGES["list_of_monitors" if len(subjects) == len(listed) else "list"]
    named = [
        SEPARATOR.join(
            [name_of(alert, kind, language), cause_of(alert, language, zone), *details(alert, about, language)]
        )
        for alert, about in listed[:MAX_NAMED]
    ]
    ids = [about.id for _, about in listed]
    return _list(head.format(kind=words.KINDS[kind], count=len(ids)), named, ids, words.MESSAGES["list_of_more"])


def compose_short_list(listed: Sequence[tuple[Alert, Notification]]) -> str:
    """What remains of a list that could not be composed, in English."""
    subjects = [one_line(alert.subject) or "?" for alert, _ in listed[:MAX_NAMED]]
    ids = [notification.id for _, notification in listed]
    return _list(f"{listed[0][1].kind}: {len(ids)}", subjects, ids, words_of("en").MESSAGES["list_of_more"])


def _list(head: str, named: Sequence[str], ids: Sequence[int], more: str) -> str:
    """The lines of a list, each cut as far as it takes for all to fit into one message of Telegram's."""
    rest = ids[len(named) :]
    range_ = "–".join(f"#{id_}" for id_ in sorted({*rest[:1], *rest[-1:]}))
    last = [more.format(count=len(rest), ids=range_)] if rest else []
    for longest in LINE_LENGTHS:
        lines = [f"{one_line(line, longest)}{SEPARATOR}#{id_}" for line, id_ in zip(named, ids, strict=False)]
        text = "\n".join([head, *lines, *last])
        if len(text.encode("utf-16-le")) // 2 <= MAX_LIST:
            break
    return text
