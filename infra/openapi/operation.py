"""The document's words about one route, beyond the table's facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from shared.models.values import MAX_ID

Tag = Literal[
    "events",
    "alerts",
    "monitors",
    "windows",
    "history",
    "heartbeats",
    "acting",
    "pages",
    "incidents",
    "system",
    "schedules",
]

ID = {"type": "integer", "minimum": 1, "maximum": MAX_ID}


@dataclass(frozen=True)
class Response:
    """A response that is not a problem: in words, its body's model (None without a body), and examples by name.

    ``also``: the media types of texts that a caller can ask for instead.
    """

    words: str
    model: Any
    examples: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "application/json"
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One route. ``path``: what each parameter of the path means, and its schema.

    ``problems``: the problem statuses that not every function has.
    """

    tag: Tag
    summary: str
    description: str
    responses: Mapping[int, Response]
    body: Any = None
    body_examples: Mapping[str, Any] = field(default_factory=dict)
    body_kind: str = "application/json"
    is_body_required: bool = True
    path: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    query: type[BaseModel] | None = None
    problems: tuple[int, ...] = ()
    links: Mapping[str, Any] = field(default_factory=dict)


def in_path(whose: str) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """The ``id`` in the path of a route. ``whose``: such as "alert's"."""
    return {"id": (f"The {whose} number.", ID)}


def following_page(name: str) -> dict[str, Any]:
    """The link from a page of the route ``name`` to the following one."""
    return {
        "operationId": name,
        "parameters": {"cursor": "$response.body#/next"},
        "description": "The following page, where `next` is not null.",
    }
