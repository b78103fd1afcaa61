"""The JSON Schema of a monitor, for editors. Made from the models, so that both say the same."""

from typing import Any

from shared.monitors.descriptions import MONITOR, PARTS
from shared.monitors.durations import duration_text
from shared.monitors.policy import Policy

_DESCRIPTION = "What is watched, how, and who hears of it."
# Values that a model accepts besides those of its type.
_ACCEPTED: dict[str, dict[str, Any]] = {
    "ip_version": {"enum": [4, 6, "either", None], "default": "either"},
    "http_version": {"enum": ["1.0", "1.1", "2", "3", 1.0, 1.1, 2, 3, None]},
    "method": {"type": "string", "pattern": "^[A-Za-z]{1,20}$", "default": "GET"},
}
# In the file a token may come from the environment.
_TOKEN = {"type": "string", "maxLength": 128, "pattern": r"^([A-Za-z0-9_.~-]|\$\{[A-Za-z_][A-Za-z0-9_]*\})+$"}
_STATUS_CODE = {
    "anyOf": [
        {"type": "integer", "minimum": 100, "maximum": 599},
        {"type": "string", "pattern": "^ *[1-5][0-9]{2} *(- *[1-5][0-9]{2} *)?$"},
    ],
    "examples": ["200-299", 401],
}


def policy_schema() -> dict[str, Any]:
    """The JSON Schema of one monitor: each field with its type, its bounds, its default and its description.

    Aliases are not in it, so that an editor suggests one name for each thing.
    """
    schema = Policy.model_json_schema()
    schema["description"] = _DESCRIPTION
    fields = schema["properties"]
    fields["accepted_status_codes"]["items"] = _STATUS_CODE
    fields |= _ACCEPTED
    schema["$defs"]["Heartbeat"]["properties"]["token"] = {"anyOf": [_TOKEN, {"type": "null"}]}
    schema["properties"] = {name: _described(field, MONITOR[name]) for name, field in fields.items()}
    for name, descriptions in PARTS.items():
        part = schema["$defs"][_part_of(fields[name])]
        part.pop("description", None)
        part["properties"] = {
            field: _described(part["properties"][field], description) for field, description in descriptions.items()
        }
    return untitled(schema)  # type: ignore[no-any-return]  # a dict stays one


def _part_of(field: dict[str, Any]) -> str:
    """The name of the definition that a field leads to."""
    return str(next(option["$ref"] for option in field["anyOf"] if "$ref" in option)).rpartition("/")[2]


def _described(field: dict[str, Any], description: str) -> dict[str, Any]:
    """A field with its description. A list may be written as its only element, and durations are text."""
    options = [or_one(option) for option in field.get("anyOf", [])]
    described = {"description": description, **or_one(field), **({"anyOf": options} if options else {})}
    default = described.get("default")
    if default is None:
        described.pop("default", None)
    elif isinstance(default, float):
        described["default"] = duration_text(default)
    return described


def or_one(field: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field; that of a list also takes the list's only element."""
    if field.get("type") != "array":
        return field
    of_the_list = {name: field[name] for name in ("type", "items", "maxItems") if name in field}
    rest = {name: value for name, value in field.items() if name not in of_the_list}
    return {**rest, "anyOf": [of_the_list, field["items"]]}


def untitled(schema: Any) -> Any:
    """A schema without pydantic's titles, which say a field's name again."""
    if isinstance(schema, dict):
        return {name: untitled(part) for name, part in schema.items() if name != "title" or isinstance(part, dict)}
    return [untitled(part) for part in schema] if isinstance(schema, list) else schema
