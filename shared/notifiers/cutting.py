"""Text cut to what a service accepts, which counts in a unit of its own."""

from collections.abc import Callable

from shared.models.message import Message

_MORE = "…"


def cut(text: str, longest: int) -> str:
    """``text`` with at most ``longest`` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}{_MORE}"


def text_within(message: Message, longest: int) -> str:
    """The message's one text with at most ``longest`` characters; of a list, whole lines: see ``body_within``."""
    if not message.is_list:
        return cut(message.text, longest)
    return cut(f"{message.title}\n{body_within(message, longest - len(message.title) - 1)}", longest)


def body_within(message: Message, longest: int, length: Callable[[str], int] = len) -> str:
    """The message's body; of a list, as many of its lines as fit into ``longest``, and one that counts the others.

    Cut in the middle of a line, a list would hide that it goes on, and the numbers of what it leaves out. ``length``:
    how the service counts.
    """
    body = message.body
    if not message.is_list or length(body) <= longest:
        return body
    # Imported here: only a storm needs it.
    from shared.messages.lists import MAX_NAMED, rest_of

    lines = body.split("\n")[: min(MAX_NAMED, len(message.numbers))]
    for named in range(len(lines) - 1, -1, -1):
        body = "\n".join([*lines[:named], rest_of(message.numbers[named:], message.language)])
        if length(body) <= longest:
            break
    return body


def fitting_body(message: Message, longest: int, escaped: Callable[[str], str] = str) -> str:
    """The message's body, ``escaped``, with at most ``longest`` characters; see ``body_within`` and ``fitting``."""
    return fitting(body_within(message, longest, lambda body: len(escaped(body))), longest, escaped)


def cut_before(end: str, text: str, longest: int, by: Callable[[str, int], str] = cut) -> str:
    """``text`` cut ``by`` one of the others, in a way that keeps ``end``, such as the number that it ends with."""
    if not end or by(text, longest) == text:
        return by(text, longest)
    return f"{by(text.removesuffix(end).rstrip(), longest - len(end.encode()) - 1)}\n{end}"


def cut_to_bytes(text: str, longest: int) -> str:
    """``text`` with at most ``longest`` bytes of UTF-8, and no character of it in half."""
    data = text.encode()
    if len(data) <= longest:
        return text
    return data[: longest - len(_MORE.encode())].decode("utf-8", "ignore") + _MORE


def cut_to_units(text: str, longest: int) -> str:
    """``text`` with at most ``longest`` units of UTF-16, and no character of it in half."""
    if units(text) <= longest:
        return text
    return text.encode("utf-16-le", "replace")[: 2 * (longest - 1)].decode("utf-16-le", "ignore") + _MORE


def units(text: str) -> int:
    """Its length in units of UTF-16. A lone surrogate is replaced, and so counts as one."""
    return len(text.encode("utf-16-le", "replace")) // 2


def fitting(text: str, longest: int, escaped: Callable[[str], str] = str) -> str:
    """``escaped(text)`` with at most ``longest`` characters, and no escape of it in half.

    The last line stays whole, because it has the message's number.
    """
    shown, length = escaped(text), min(len(text), longest)
    while len(shown) > longest:
        shown = escaped(_cut_above_last_line(text, length))
        length = length * 9 // 10
    return shown


def _cut_above_last_line(text: str, longest: int) -> str:
    above, line_break, last = text.rpartition("\n")
    room = longest - len(last) - 1
    return f"{cut(above, room)}\n{last}" if line_break and room > 0 else cut(text, max(1, longest))
