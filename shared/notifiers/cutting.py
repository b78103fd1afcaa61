"""Text cut to what a service accepts, which counts in a unit of its own."""

from collections.abc import Callable

_MORE = "…"


def cut(text: str, longest: int) -> str:
    """``text`` with at most ``longest`` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}{_MORE}"


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
