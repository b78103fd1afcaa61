"""The requests and responses of the routes about windows, by their names. See ``operations.py``."""

from copy import deepcopy
from typing import Annotated, Any

from pydantic import BaseModel, Field

from functions.manage_windows.main import WindowQuery, WindowsQuery
from infra.openapi.operation import Operation, Response, following_page, in_path
from infra.openapi.policies import change_of, component
from infra.openapi.responses import Next
from shared.models import Time
from shared.monitors.windows.window import Window

_CHANGE = Annotated[dict[str, Any], component("WindowChange")]
_IN_PATH = in_path("window's")
_SILENCE = {"kind": "silence", "monitors": ["shop"], "duration": "1h", "by": "kim"}
_PATCHING = {
    "kind": "maintenance",
    "title": "Patching",
    "groups": ["Web"],
    "weekly": ["Mon", "Thu"],
    "at": "02:30",
    "duration": "40m",
    "time_zone": "Asia/Seoul",
}
_NOTHING = dict.fromkeys(Window.model_fields)
_SPAN = {"starts_at": "2025-01-08T01:30:00.000Z", "ends_at": "2025-01-08T02:30:00.000Z"}
_SHOWN = {**_NOTHING, **_SILENCE, "id": 4, "source": "api", **_SPAN, "is_active": True, "spans": [_SPAN]}


class ShownSpan(BaseModel):
    """A span of a window."""

    starts_at: Time = Field(description="When it begins.")
    ends_at: Time = Field(description="When it ends.")


class ShownWindow(Window):
    """A window, and when it is."""

    id: int = Field(ge=1, description="Its number.")
    source: str = Field(description="Whose it is: the `file`, or the `api`.")
    is_active: bool = Field(description="Whether it is open now.")
    spans: list[ShownSpan] = Field(max_length=5, description="The next spans; one that is open is the first.")


class ShownWindows(BaseModel):
    """A page of windows, newest first."""

    windows: list[ShownWindow] = Field(description="At most `limit` windows.")
    next: Next


def window_components() -> dict[str, Any]:
    """The component that stands for a part of a window."""
    schema = deepcopy(Window.model_json_schema())
    fields = {}
    for name, field in schema["properties"].items():
        description = field.pop("description")
        field.pop("default", None)
        kinds = field.pop("anyOf", None) or [field]
        kinds = kinds if {"type": "null"} in kinds else [*kinds, {"type": "null"}]
        fields[name] = {"description": description, "anyOf": kinds}
    return {"WindowChange": change_of("The fields of a window that change. A null takes one away.", fields)}


def _window(words: str) -> Response:
    return Response(words, ShownWindow, {"window": {"summary": "A silence of an hour", "value": _SHOWN}})


WINDOW_OPERATIONS = {
    "list_windows": Operation(
        tag="windows",
        summary="List windows",
        description="Spans of maintenance and silence, those of the file among them, newest first.",
        query=WindowsQuery,
        responses={
            200: Response(
                "A page of windows.",
                ShownWindows,
                {"page": {"summary": "One window", "value": {"windows": [_SHOWN], "next": None}}},
            )
        },
        problems=(400,),
        links={"following_page": following_page("list_windows")},
    ),
    "create_window": Operation(
        tag="windows",
        summary="Silence monitors, or plan their maintenance",
        description=(
            "A window is about `monitors`, `groups`, `tags` or `all`. It comes once (`starts_at`, by itself now, with "
            "`ends_at` or `duration`) or again and again (`every`, `weekly` or `monthly` with `at`; `cron`; `rrule`; "
            "each with `duration` and `time_zone`). Under maintenance no alert opens; a silence holds messages."
        ),
        body=Window,
        body_examples={
            "silence": {"summary": "Silence a monitor for an hour", "value": _SILENCE},
            "maintenance": {"summary": "Maintenance, twice a week", "value": _PATCHING},
        },
        responses={201: _window("The window.")},
        problems=(400, 415),
        links={
            name: {"operationId": name, "parameters": {"id": "$response.body#/id"}, "description": words}
            for name, words in {
                "get_window": "The window.",
                "change_window": "The same window, to be changed.",
                "end_window": "The same window, to be ended.",
            }.items()
        },
    ),
    "get_window": Operation(
        tag="windows",
        summary="Get a window",
        description="One window with its next spans.",
        path=_IN_PATH,
        query=WindowQuery,
        responses={200: _window("The window.")},
        problems=(400, 404),
    ),
    "change_window": Operation(
        tag="windows",
        summary="Change a window",
        description=(
            "Changes the fields of the body; a null takes one away. Messages that it does not hold any more are sent. "
            "One of the file is changed there."
        ),
        path=_IN_PATH,
        body=_CHANGE,
        body_examples={"longer": {"summary": "Let it last longer", "value": {"duration": "2h"}}},
        responses={200: _window("The window as it is now.")},
        problems=(400, 404, 409, 415),
    ),
    "end_window": Operation(
        tag="windows",
        summary="End a window",
        description="It ends early, or never comes. What a silence held is sent if it still goes on.",
        path=_IN_PATH,
        responses={204: Response("It is over.", None)},
        problems=(404, 409),
    ),
}
