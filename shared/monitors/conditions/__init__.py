"""Conditions, in the grammar of Gatus: ``[STATUS] == 200``."""


def parse(text: str) -> str:
    """Refuse what is no comparison."""
    if not any(f" {sign} " in text for sign in ("==", "!=", "<=", ">=", "<", ">")):
        raise ValueError("one comparison such as [STATUS] == 200")
    return text
