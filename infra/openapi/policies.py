"""The schemas of a monitor's policy, as callers send and get it, made from the models."""

import json
from typing import Annotated, Any

from pydantic import WithJsonSchema

from shared.monitors.descriptions import MONITOR
from shared.monitors.schema import policy_schema

_COMPONENTS = "#/components/schemas/"
# Stands for a reference to a component that no model makes, or that another one makes.
_MARK = "x-component"
_TOKEN = r"^([A-Za-z0-9_.~-]+|\*\*\*)$"  # noqa: S105  # the pattern of one
# The meaning of each part of a policy.
_PARTS = {
    "ClientCertificate": "The certificate that the agent shows to a server, and its key.",
    "Credentials": "A user and a password.",
    "DnsQuery": "What a resolver is asked.",
    "Heartbeat": "When a ping is expected, and under which token.",
    "OAuth2": "Where a bearer token comes from: OAuth 2 with client credentials.",
}


def component(name: str) -> Any:
    """The reference in a model to a component of this name."""
    return WithJsonSchema({_MARK: name})


POLICY = Annotated[dict[str, Any], component("Policy")]
POLICY_CHANGE = Annotated[dict[str, Any], component("PolicyChange")]
CONFIGURATION = Annotated[dict[str, Any], component("Configuration")]


def components() -> dict[str, Any]:
    """The components that the three above stand for, and the parts of a policy."""
    schema = json.loads(json.dumps(policy_schema()).replace("#/$defs/", _COMPONENTS))
    parts = {name: {"description": _PARTS[name], **part} for name, part in schema.pop("$defs").items()}
    parts["Heartbeat"]["properties"]["token"]["anyOf"][0]["pattern"] = _TOKEN
    return {
        **parts,
        "Policy": schema | {"description": "What is watched, how, and who hears of it. Only `name` has no default."},
        "PolicyChange": _change(schema),
        "Configuration": _configuration(schema),
    }


def change_of(description: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object that has any of ``fields`` and no other."""
    return {"description": description, "type": "object", "additionalProperties": False, "properties": fields}


def linked(schema: Any) -> Any:
    """``schema`` with a reference wherever something stands for a component."""
    if isinstance(schema, dict):
        if _MARK in schema:
            return {"$ref": _COMPONENTS + schema[_MARK]}
        return {name: linked(part) for name, part in schema.items()}
    return [linked(part) for part in schema] if isinstance(schema, list) else schema


def _change(policy: dict[str, Any]) -> dict[str, Any]:
    fields = {
        name: {"description": MONITOR[name], "anyOf": [_field(name), {"type": "null"}]} for name in policy["properties"]
    }
    return change_of("The fields of a policy that change. A null returns one to its default.", fields)


def _configuration(policy: dict[str, Any]) -> dict[str, Any]:
    line = {"description": "Where the monitor stands in its file.", "type": "integer", "minimum": 0}
    fields = {name: {"description": MONITOR[name], **_field(name)} for name in policy["properties"]}
    monitor = {**policy, "description": "A policy, and its line.", "properties": {**fields, "line": line}}
    monitors = {"description": "Every monitor of the file.", "type": "array", "maxItems": 20_000, "items": monitor}
    return {
        "description": "A configuration's file as JSON. Whatever stands beside `monitors` is stored as it is.",
        "type": "object",
        "properties": {"monitors": monitors},
    }


def _field(name: str) -> dict[str, Any]:
    return {"$ref": f"{_COMPONENTS}Policy/properties/{name}"}
