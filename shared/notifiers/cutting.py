"""Text cut to what a service accepts, which counts in a unit of its own."""

_MORE = "…"


def cut(text: str, longest: int) -> str:
    """``text`` with at most ``longest`` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}{_MORE}"


def cut_to_bytes(text: str, longest: int) -> str:
    """``text`` with at most ``longest`` bytes of UTF-8, and no character of it in half."""
    data = text.encode()
    if len(data) <= longest:
        return text
    return data[: longest - len(_MORE.encode())].decode("utf-8", "ignore") + _MORE
