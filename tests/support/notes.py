"""A function with several routes, as a developer adds it to the project: its code, its row and its operations."""

from pathlib import Path

NAME = "keep_notes"
_CODE = '''
"""Notes, and what says that somebody is alive."""

import functions_framework
from flask import Request, Response

from shared import web
from shared.settings import Settings


def _said(*words: str, status: int = 200) -> Response:
    return web.answer(words, status)


@web.route("GET", "/notes", access="read")
def list_notes(request: Request, settings: Settings) -> Response:
    """Every note."""
    return _said("list_notes")


@web.route("POST", "/notes", access="manage")
def add_note(request: Request, settings: Settings) -> Response:
    """Keep what the body says."""
    return _said("add_note", web.body_of(request).decode(), status=201)


@web.route("GET", "/notes/<id>", access="read")
def get_note(request: Request, settings: Settings, number: str) -> Response:
    """One note."""
    if number == "13":
        raise RuntimeError("secret inside")
    return _said("get_note", number)


@web.route("DELETE", "/notes/<id>", access="manage")
def remove_note(request: Request, settings: Settings, number: str) -> Response:
    """Forget one note."""
    return Response(status=204)


@web.route("GET", "/notes/newest", access="read")
def get_newest(request: Request, settings: Settings) -> Response:
    """The newest note."""
    return _said("get_newest")


@web.route("POST", "/notes/<id>/share", access="write")
def share_note(request: Request, settings: Settings, number: str) -> Response:
    """Show a note to others."""
    return _said("share_note", number)


@web.route("GET", "/beats/<token>/<what>", access="open")
@web.route("POST", "/beats/<token>/<what>", access="open")
def beat(request: Request, settings: Settings, token: str, what: str) -> Response:
    """Somebody is alive."""
    return _said("beat", request.method, token, what)


@functions_framework.http
@web.routes(list_notes, add_note, get_note, remove_note, get_newest, share_note, later={"beats": lambda: (beat,)})
def keep_notes() -> None:
    """Notes, and who is alive."""
'''
ROW = """
[keep_notes]
routes = [
    { name = "list_notes", method = "GET", path = "/notes", access = "read" },
    { name = "add_note", method = "POST", path = "/notes", access = "manage" },
    { name = "get_note", method = "GET", path = "/notes/<id>", access = "read" },
    { name = "remove_note", method = "DELETE", path = "/notes/<id>", access = "manage" },
    { name = "get_newest", method = "GET", path = "/notes/newest", access = "read" },
    { name = "share_note", method = "POST", path = "/notes/<id>/share", access = "write" },
    { name = "beat", method = "GET", path = "/beats/<token>/<what>", access = "open" },
    { name = "beat_post", method = "POST", path = "/beats/<token>/<what>", access = "open" },
]
"""
_OPERATIONS = """
_NOTE = in_path("note's")
_BEAT = Operation(
    tag="system",
    summary="Say that you are alive",
    description="Somebody is alive.",
    path={"token": ("The token.", {"type": "string"}), "what": ("What happened.", {"type": "string"})},
    query=AlertsQuery,
    responses={200: Response("Heard.", list[str])},
)
_POSTED = {"body": str, "body_kind": "text/plain", "is_body_required": False}
OPERATIONS |= {
    name: Operation("alerts", f"{name}", "Notes.", {200: Response("Done.", list[str])}, path=_NOTE)
    for name in ("list_notes", "add_note", "get_note", "get_newest", "share_note")
} | {
    "remove_note": Operation("alerts", "Forget", "Forgets.", {204: Response("Forgotten.", None)}, path=_NOTE),
    "beat": _BEAT,
    "beat_post": Operation(**{**vars(_BEAT), **_POSTED}),
}
"""
# Requests, and what the use case says that it got, or the status if there is none.
CALLS: list[tuple[str, str, list[str] | int]] = [
    ("GET", "/notes", ["list_notes"]),
    ("GET", "/notes/", ["list_notes"]),
    ("GET", "/notes/7", ["get_note", "7"]),
    ("GET", "/notes/newest", ["get_newest"]),
    ("GET", "/notes/%EB%B4%89%ED%99%94%20%26", ["get_note", "봉화 &"]),
    ("DELETE", "/notes/7", 204),
    ("POST", "/notes/7/share", ["share_note", "7"]),
    ("GET", "/beats/t0k3n/start", ["beat", "GET", "t0k3n", "start"]),
    ("POST", "/beats/t0k3n/0", ["beat", "POST", "t0k3n", "0"]),
    ("HEAD", "/beats/t0k3n/0", 200),
    ("GET", "/notes/7/", ["get_note", "7"]),
    ("GET", "/beats", 404),
    ("GET", "/beats/t0k3n", 404),
    ("GET", "/notes/7/share/8", 404),
    ("GET", "/notes/notes", ["get_note", "notes"]),
    ("GET", "/beats/notes", 404),
    ("GET", "/nope", 404),
    ("PATCH", "/notes", 405),
    ("PUT", "/notes/7", 405),
]
ALLOWED = {"/notes": "GET, HEAD, POST", "/notes/7": "DELETE, GET, HEAD"}


def add_to(project: Path) -> Path:
    """Add the function to a copy of the project, as a developer does; its ``main.py``."""
    main = project / "functions" / NAME / "main.py"
    main.parent.mkdir(parents=True)
    main.write_text(_CODE.lstrip("\n"), encoding="utf-8")
    for place, text in (("functions.toml", ROW), ("openapi/operations.py", _OPERATIONS)):
        file = project / "infra" / place
        if file.exists():
            file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
    return main
