"""pydantic's mistakes in words: what is expected instead."""

from collections.abc import Mapping
from typing import Any

CLOCK_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_PATTERNS = {
    r"^[A-Z]{1,20}$": "a method in capitals, such as GET",
    r"^[A-Za-z0-9_.~-]+$": "letters, digits and the signs _ . ~ -",
    CLOCK_TIME: 'a time of the day such as "02:30"',
    r"^[^\u0000]*$": "text without NUL characters",
}


def expected(detail: Mapping[str, Any]) -> str:
    """The expectation in place of the input. ``detail``: one of ``ValidationError.errors()``, with its context."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "value_error":
            return str(context["error"])
        case "string_type":
            return "text"
        case "string_pattern_mismatch":
            return _PATTERNS.get(context["pattern"], f"text that fits {context['pattern']}")
        case "int_type" | "int_parsing" | "int_from_float" | "int_parsing_size":
            return "a whole number"
        case "greater_than_equal":
            return f"{context['ge']} or more"
        case "less_than_equal":
            return f"{context['le']} or less"
        case "bool_type" | "bool_parsing":
            return "true or false"
        case "literal_error":
            return str(context["expected"]).replace("'", "")
        case "tuple_type" | "list_type":
            return "a list"
        case "string_too_short" | "string_too_long" | "too_short" | "too_long" as kind:
            return _length(kind, context, is_text=isinstance(detail["input"], str))
        case "dict_type" | "model_type" | "model_attributes_type" | "mapping_type":
            return "a mapping, keys and values"
        case kind if kind.startswith("datetime"):
            return "an ISO 8601 date and time"
    return str(detail["msg"]).removeprefix("Input should be ")


def _length(kind: str, context: Mapping[str, Any], *, is_text: bool) -> str:
    if kind.endswith("long"):
        return f"at most {context['max_length']} {'characters' if is_text else 'in the list'}"
    return "text that is not empty" if is_text else f"at least {context['min_length']} in the list"
