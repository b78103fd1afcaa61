"""The requests and responses of the status pages' routes, by their names. See ``operations.py``."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from infra.openapi.incident_operations import ShownUpdate
from infra.openapi.operation import Operation, Response, in_path
from shared.models import Time

_HTML, _SVG, _ATOM, _JSON_FEED = "text/html", "image/svg+xml", "application/atom+xml", "application/feed+json"
_SLUG = {
    "slug": (
        "The end of the page's address.",
        {"type": "string", "minLength": 1, "pattern": r"^[a-z0-9][a-z0-9-]{0,62}(\.json)?$"},
    )
}
_MONITOR = in_path("monitor's")
_KIND = {"what": ("Which badge.", {"enum": ["status.svg", "uptime.svg", "response.svg"]})}
_ASSET = {"key": ("The file's name, which holds its fingerprint.", {"type": "string", "pattern": r"^[\w.-]+$"})}
_TOKEN = {"token": ("What the mail's link ends with.", {"type": "string", "pattern": r"^[\w.-]+$"})}
_PROBLEM = "application/problem+json"
_LOCKED = Response("It needs its password.", dict[str, Any], kind=_PROBLEM)
_AGAIN = Response("A page: the password is wrong.", str, kind=_HTML)
_BY_LANGUAGE = "It is in English or Korean, as `?lang=` or `Accept-Language` says."
Shown = Literal["UP", "DOWN", "DEGRADED", "PENDING", "MAINTENANCE", "UNKNOWN", "PAUSED"]
Share = Annotated[float, Field(ge=0, le=1)]


class PublicMonitor(BaseModel):
    """A monitor as visitors see it."""

    id: int = Field(ge=1, description="Its number, which badges and frames take.")
    name: str = Field(description="Its name.")
    state: Shown = Field(description="How it is.")
    since: Time | None = Field(description="Since when; null if nobody has checked it yet.")
    uptime: Share | None = Field(description="The share of 90 days in which it was not down; null if nothing is known.")


class PublicGroup(BaseModel):
    """Monitors that stand together, worst first."""

    name: str | None = Field(description="The group's name; null for those without one.")
    state: Shown = Field(description="The worst state in it.")
    uptime: Share | None = Field(description="The share of 90 days of all its monitors together.")
    monitors: list[PublicMonitor] = Field(description="Its monitors.")


class PublicIncident(BaseModel):
    """A text for visitors."""

    id: int = Field(ge=1, description="Its number.")
    title: str = Field(description="What it is called.")
    state: str = Field(description="How far it is.")
    monitors: list[str] = Field(description="Those of the page that it affects.")
    created_at: Time = Field(description="When it was made.")
    resolved_at: Time | None = Field(description="When it ended.")
    updates: list[ShownUpdate] = Field(description="Everything that was said, oldest first.")


class PublicWindow(BaseModel):
    """Maintenance that goes on, or begins within 14 days."""

    id: int = Field(ge=1, description="Its number.")
    title: str | None = Field(description="What it is called.")
    starts_at: Time = Field(description="When it begins.")
    ends_at: Time = Field(description="When it ends.")
    is_active: bool = Field(description="Whether it goes on.")
    monitors: list[str] = Field(description="Those of the page that it is about.")


class PublicStatus(BaseModel):
    """The content of a page. ``stale_seconds``: how old it is, only if the store cannot be reached."""

    title: str = Field(description="The page's title.")
    state: Shown = Field(description="The worst state on it.")
    sentence: str = Field(description="The same in a sentence.")
    checked_at: Time | None = Field(description="When the last check was.")
    groups: list[PublicGroup] = Field(description="What it shows.")
    incidents: list[PublicIncident] = Field(description="Those that go on or ended within 90 days, newest first.")
    windows: list[PublicWindow] = Field(description="Planned maintenance.")


class FeedItem(BaseModel):
    """One story of a JSON Feed."""

    id: str = Field(description="What it is known as.")
    url: str = Field(description="Where the page tells it.")
    title: str = Field(description="It in a sentence.")
    content_html: str = Field(description="Its text, as HTML.")
    date_published: Time = Field(description="When it began.")
    date_modified: Time = Field(description="When it changed last.")


class JsonFeed(BaseModel):
    """A feed as JSON Feed 1.1 has it."""

    version: Literal["https://jsonfeed.org/version/1.1"] = Field(description="The format.")
    title: str = Field(description="The page's title.")
    home_page_url: str = Field(description="Where the page is.")
    feed_url: str = Field(description="Where the feed is.")
    items: list[FeedItem] = Field(description="What happened, the last change first.")


class LanguageQuery(BaseModel):
    """The query of everything that has words."""

    lang: str | None = Field(None, description="`en` or `ko`, instead of the language that the browser prefers.")


class PageQuery(LanguageQuery):
    """The query of a page with bars."""

    period: str | None = Field(None, description="How far back it shows: `24h`, `90d` (the default) or `12m`.")


class FrameQuery(LanguageQuery):
    """The query of a frame."""

    theme: str | None = Field(None, description="`light` or `dark`, instead of the one that the browser prefers.")


_EXAMPLE = {
    "title": "Example",
    "state": "DOWN",
    "sentence": "shop is down",
    "checked_at": "2025-01-08T10:30:00.000Z",
    "groups": [
        {
            "name": "Web",
            "state": "DOWN",
            "uptime": 0.9991,
            "monitors": [
                {"id": 1, "name": "shop", "state": "DOWN", "since": "2025-01-08T10:28:00.000Z", "uptime": 0.9991}
            ],
        }
    ],
    "incidents": [],
    "windows": [],
}


_PAGE = {200: Response("The page, or the form that asks for its password.", str, kind=_HTML)}
_AS_JSON = {
    200: Response("The page.", PublicStatus, {"down": {"summary": "One is down", "value": _EXAMPLE}}),
    403: _LOCKED,
}
_PAGE_OR_JSON = {
    200: Response(
        "The page, or the form that asks for its password; as JSON if the path ends with `.json`.",
        PublicStatus,
        also=(_HTML,),
    ),
    403: Response("The path ends with `.json`, and the page needs its password.", dict[str, Any], kind=_PROBLEM),
}


def _page(words: str, path: Any, responses: Any = _PAGE) -> Operation:
    return Operation(
        tag="pages",
        summary=f"Show {words}",
        description=f"How everything is that the page shows. {_BY_LANGUAGE}",
        path=path,
        query=PageQuery,
        responses=responses,
        problems=(404,),
    )


def _unlocking(words: str, path: Any) -> Operation:
    return Operation(
        tag="pages",
        summary=f"Open {words} by its password",
        description="The form of a page with a password. Ten tries a minute are allowed.",
        path=path,
        body=dict[str, Any],
        body_kind="application/x-www-form-urlencoded",
        is_body_required=False,
        responses={303: Response("It is right: back to the page, with a cookie.", None), 403: _AGAIN},
        problems=(404, 429),
    )


def _feed(words: str, kind: str, path: Any, model: Any = str) -> Operation:
    return Operation(
        tag="pages",
        summary=f"Follow {words}",
        description=f"Outages, incidents and planned maintenance, the last change first. {_BY_LANGUAGE}",
        path=path,
        query=LanguageQuery,
        responses={200: Response("The feed.", model, kind=kind), 403: _LOCKED},
        problems=(404,),
    )


def _subscribing(words: str, path: Any) -> Operation:
    return Operation(
        tag="pages",
        summary=f"Subscribe to {words} by mail",
        description="The form's fields are `address` and `lang` (en or ko). The answer does not tell if we know the "
        f"address. {_BY_LANGUAGE}",
        path=path,
        body=dict[str, Any],
        body_kind="application/x-www-form-urlencoded",
        is_body_required=False,
        responses={
            202: Response("A page: if the address is new, a mail asks it for a confirmation.", str, kind=_HTML),
            422: Response("A page: that is no mail address.", str, kind=_HTML),
            429: Response("A page: too many have asked lately.", str, kind=_HTML),
            403: Response("It needs its password, or the form is another site's.", dict[str, Any], kind=_PROBLEM),
        },
        problems=(404,),
    )


def _subscription(summary: str, description: str, **more: Any) -> Operation:
    return Operation(
        tag="pages",
        summary=summary,
        description=f"{description} {_BY_LANGUAGE}",
        path=_TOKEN,
        responses={
            200: Response("The page.", str, kind=_HTML),
            410: Response("A page: the link confirms no longer.", str, kind=_HTML),
        },
        problems=(404,),
        **more,
    )


PAGE_OPERATIONS = {
    "show_page": _page("the status page", {}),
    "open_page": _unlocking("the status page", {}),
    "show_json": Operation(
        tag="pages",
        summary="Show the status page as JSON",
        description=f"What the page says, for programs. {_BY_LANGUAGE}",
        query=LanguageQuery,
        responses=_AS_JSON,
        problems=(404,),
    ),
    "show_atom": _feed("the status page by Atom", _ATOM, {}),
    "show_feed": _feed("the status page by JSON Feed", _JSON_FEED, {}, JsonFeed),
    "show_other_page": _page("another status page; `<slug>.json` is the same as JSON", _SLUG, _PAGE_OR_JSON),
    "open_other_page": _unlocking("another status page", _SLUG),
    "show_other_atom": _feed("another status page by Atom", _ATOM, _SLUG),
    "show_other_feed": _feed("another status page by JSON Feed", _JSON_FEED, _SLUG, JsonFeed),
    "show_monitor": _page("a monitor that a status page shows", _MONITOR),
    "subscribe": _subscribing("the status page", {}),
    "subscribe_to_other": _subscribing("another status page", _SLUG),
    "show_subscription": _subscription(
        "Show what a link in a mail is for", "Confirms a subscription, or ends it: a button. This changes nothing."
    ),
    "use_subscription": _subscription(
        "Confirm or end a subscription",
        "At once, as RFC 8058 has it.",
        body=dict[str, Any],
        body_kind="application/x-www-form-urlencoded",
        is_body_required=False,
    ),
    "show_badge": Operation(
        tag="pages",
        summary="Show a badge",
        description=f"A small picture of a monitor that an open status page shows. {_BY_LANGUAGE}",
        path={**_MONITOR, **_KIND},
        query=LanguageQuery,
        responses={200: Response("The picture.", str, kind=_SVG)},
        problems=(404,),
    ),
    "show_embedded": Operation(
        tag="pages",
        summary="Show a monitor in a frame",
        description=f"A line for an iframe of another site. {_BY_LANGUAGE}",
        path=_MONITOR,
        query=FrameQuery,
        responses={200: Response("The page.", str, kind=_HTML)},
        problems=(404,),
    ),
    "show_asset": Operation(
        tag="pages",
        summary="Get a stylesheet, script or picture of the pages",
        description="Whatever has this name stays as it is, and may be kept for ever.",
        path=_ASSET,
        responses={200: Response("The file.", str, kind="text/css")},
        problems=(404,),
    ),
}
