"""The requests and responses of the dashboard's routes, by their names. See ``operations.py``.

They are for browsers: programs do the same through the API.
"""

from typing import Any

from pydantic import BaseModel, Field

from infra.openapi.operation import Operation, Response

_NUMBER = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
_MONITOR = {"id": ("The monitor's number.", _NUMBER)}
_ALERT = {"id": ("The alert's number.", _NUMBER)}
_FORM = "application/x-www-form-urlencoded"
_HTML = "text/html"
_PAGE = Response("The page.", str, kind=_HTML)
_ELSEWHERE = Response("`Location` is the next page, or the sign-in if nobody is signed in.", None)
_REFUSED = Response("The form comes from elsewhere, or has no token of the session.", str, kind=_HTML)
_NOWHERE = Response("There is no such thing.", str, kind=_HTML)
_SIGNED_OUT = Response("Nobody is signed in: how to send what was typed after a sign-in.", str, kind=_HTML)
_OVERTAKEN = Response("Somebody else continued the incident meanwhile: the text is kept.", str, kind=_HTML)
_OWNED = Response("It is changed elsewhere: in the file, or where it is reported from.", str, kind=_HTML)
_OWNED_OR_CHANGED = Response(
    "It is changed elsewhere; or somebody changed it meanwhile: the form again, and what is stored now.",
    str,
    kind=_HTML,
)
_WRONG = Response("The form again, with what is wrong beside each field.", str, kind=_HTML)
_READING = "Whoever runs the browser on the system's own machine needs no sign-in, unless `API_AUTH` is `all`."
_CHANGING = "It takes a session, and in `csrf` the token of its forms."


class Changes(BaseModel):
    """The changed parts of the overview, as HTML."""

    since: str | None = Field(None, description="What to ask with next time.")
    title: str | None = Field(None, description="The tab's title.")
    head: str | None = Field(None, description="The sentences, what is wrong, and the groups.")
    counts: str | None = Field(None, description="How many monitors are in each state.")
    mark: str | None = Field(None, description="The mark, whose fires say the worst state.")
    poll: int | None = Field(None, description="After how many seconds to ask again.")
    rows: dict[str, str] = Field({}, description="The rows of the monitors that changed, by their numbers.")


class Reload(BaseModel):
    """Too much has changed."""

    reload: bool = Field(description="Load the whole page instead.")


class ChartBand(BaseModel):
    """A time that the chart marks."""

    begins: float = Field(description="When it began.")
    ends: float = Field(description="When it ended; now, if it goes on.")
    is_planned: bool = Field(description="Whether it was maintenance, and no outage.")


class Chart(BaseModel):
    """The response times of a monitor, by phase. Times are in seconds since 1970."""

    each: float = Field(description="How many seconds a step lasts.")
    times: list[int] = Field(description="When each step begins.")
    phases: list[list[float | None]] = Field(
        description="Lookup, connect, TLS, wait, transfer: the median of each step in milliseconds, null without any."
    )
    bands: list[ChartBand] = Field(description="Outages and maintenance.")


class SignIn(BaseModel):
    """A key or the password; or the token of a link."""

    key: str | None = Field(None, description="One of `API_KEY`, or `DASHBOARD_PASSWORD`.")
    token: str | None = Field(None, description="The token of a link that signs in once.")
    name: str | None = Field(None, description="How one wants to be called.")
    next: str | None = Field(None, description="Where to go then: a path that begins with `/dashboard`.")


def _read(summary: str, *others: tuple[int, Response], **more: object) -> Operation:
    responses = {200: _PAGE, 303: _ELSEWHERE, **({404: _NOWHERE} if "path" in more else {}), **dict(others)}
    problems = (400, 404, *(status for status, _ in others))
    return Operation("pages", summary, _READING, responses, problems=problems, **more)  # type: ignore[arg-type]


def _change(summary: str, *others: tuple[int, Response], **more: object) -> Operation:
    responses = {
        303: _ELSEWHERE,
        401: _SIGNED_OUT,
        403: _REFUSED,
        **({404: _NOWHERE} if "path" in more else {}),
        **dict(others),
    }
    return Operation(
        "pages",
        summary,
        _CHANGING,
        responses,
        body=dict[str, Any],
        body_kind=_FORM,
        problems=(400, 404, 409, 415, 429),
        **more,  # type: ignore[arg-type]
    )


DASHBOARD_OPERATIONS = {
    "show_overview": _read("Look at everything at a glance"),
    "show_changes": Operation(
        "pages",
        "Ask what changed on the overview",
        "The page asks every 10 seconds, and so needs no stream.",
        {200: Response("What is new.", Changes | Reload), 303: _ELSEWHERE},
    ),
    "show_sign_in": Operation(
        "pages",
        "Open the sign-in",
        "A form for a key; or one button, if the link has a token that signs in once. Opening it changes nothing.",
        {200: _PAGE, 303: _ELSEWHERE},
    ),
    "sign_in": Operation(
        "pages",
        "Sign in",
        "Begins a session, which lasts until about 12 hours after its last use. "
        "After five wrong keys in a minute an address has to wait.",
        {
            303: Response("A session began: its cookie comes along.", None),
            429: Response("Too many keys were wrong. `Retry-After` says when to try again.", str, kind=_HTML),
            403: Response("The key is wrong, the link was used, or the form comes from elsewhere.", str, kind=_HTML),
        },
        body=SignIn,
        body_kind=_FORM,
        problems=(400, 415),
    ),
    "sign_out": _change("Sign out"),
    "show_alerts": _read("Look at the alerts"),
    "show_alert": _read("Look at an alert", path=_ALERT),
    "act_on_alert": _change("Acknowledge, resolve or reopen an alert", (409, _OWNED), path=_ALERT),
    "show_own_monitor": _read("Look at a monitor", path=_MONITOR),
    "show_chart": Operation(
        "pages",
        "Zoom into a monitor's response times",
        "What the page's script draws. Programs ask for the history.",
        {200: Response("The steps of the period.", Chart), 303: _ELSEWHERE, 404: _NOWHERE},
        path=_MONITOR,
        problems=(404,),
    ),
    "act_on_monitor": _change("Check, silence, pause or remove a monitor", (409, _OWNED), path=_MONITOR),
    "export_monitor": Operation(
        "pages",
        "Take a monitor along",
        "Its policy as a part of `bonghwa.yaml`. Secrets are masked.",
        {200: Response("The file.", str, kind="text/yaml"), 303: _ELSEWHERE, 404: _NOWHERE},
        path=_MONITOR,
        problems=(404,),
    ),
    "show_new": _read("Open the form for a new monitor"),
    "add_monitor": _change("Add a monitor", (422, _WRONG)),
    "show_edit": _read("Open the form of a monitor", (409, _OWNED), path=_MONITOR),
    "edit_monitor": _change("Change a monitor", (409, _OWNED_OR_CHANGED), (422, _WRONG), path=_MONITOR),
    "show_channels": _read("Look at the channels"),
    "test_channel": _change("Send a test message", (404, _NOWHERE)),
    "show_windows": _read("Look at the windows"),
    "act_on_windows": _change("Make or end a window", (404, _NOWHERE), (409, _OWNED), (422, _WRONG)),
    "show_agents": _read("Look at the agents"),
    "show_incidents": _read("Look at what visitors are told"),
    "act_on_incidents": _change("Tell visitors something", (404, _NOWHERE), (409, _OVERTAKEN), (422, _WRONG)),
    "show_settings": _read("Look at the settings"),
    "act_on_settings": _change("Begin a drill"),
}
