"""Write a template as readable YAML, with CloudFormation's short forms: ``!Ref name``."""

import json
import re
from collections.abc import Iterator
from typing import Any

_PLAIN = re.compile(r"[A-Za-z/$][\w/$.:-]*(?: [\w/$.-]+)*")
# Words that YAML would not read as text.
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
_SHORT = {"Fn::If", "Fn::Join", "Fn::Equals", "Fn::Not"}


def lines(value: dict[str, Any] | list[Any], before: str = "") -> Iterator[str]:
    """The lines of a mapping or a list, each after ``before``."""
    pairs = value.items() if isinstance(value, dict) else ((None, each) for each in value)
    for key, each in pairs:
        head = "-" if key is None else f"{_text(key)}:"
        if (inline := _inline(each)) is not None:
            yield f"{before}{head} {inline}"
        elif key is None and isinstance(each, dict):
            first, *others = lines(each)
            yield f"{before}- {first}"
            yield from (f"{before}  {line}" for line in others)
        else:
            yield f"{before}{head}"
            yield from lines(each, f"{before}  ")


def _inline(value: Any) -> str | None:
    """The value on one line; None if it takes several."""
    match value:
        case bool() | int():
            return json.dumps(value)
        case str():
            return _text(value)
        case {"Ref": str(name), **others} if not others:
            return f"!Ref {_text(name)}"
        case {"Fn::Sub": str(text), **others} if not others:
            return f"!Sub {_text(text)}"
        case {"Fn::GetAtt": [name, attribute], **others} if not others:
            return f"!GetAtt {name}.{attribute}"
        case dict() if len(value) == 1 and (name := next(iter(value))) in _SHORT:
            parts = _flow(value[name])
            return f"!{name.removeprefix('Fn::')} {parts}" if parts else None
        case list() if all(isinstance(each, str) for each in value):
            return _flow(value)
        case _:
            return None


def _flow(values: list[Any]) -> str | None:
    parts = [_flow(each) if isinstance(each, list) else _inline(each) for each in values]
    return None if None in parts else f"[{', '.join(filter(None, parts))}]"


def _text(text: str) -> str:
    # JSON's text is YAML too.
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not text.endswith(":")
    return text if is_plain else json.dumps(text, ensure_ascii=False)
