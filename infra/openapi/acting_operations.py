"""The requests and responses of the routes by which people act on an alert from a message. See ``operations.py``."""

from infra.openapi.operation import Operation, Response

_TOKEN = {"type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_-]+$"}
_PATH = {"token": ("What the message's link ends with. It is signed, and holds no secret.", _TOKEN)}
_UNKNOWN = Response("A page: the token is none of ours.", str, kind="text/html")
_OVER = Response("A page: the link has expired after 7 days, or the alert has ended.", str, kind="text/html")

ACTING_OPERATIONS = {
    "show_link": Operation(
        tag="acting",
        summary="Open a link from a message",
        description=(
            "A page that says what the alert is, with one button: acknowledge, or silence its monitor for an hour. "
            "Opening it changes nothing. Messages have such links if `PUBLIC_URL` is set. The page is in English or "
            "Korean, as `Accept-Language` prefers."
        ),
        path=_PATH,
        responses={200: Response("The page.", str, kind="text/html"), 404: _UNKNOWN, 410: _OVER},
    ),
    "use_link": Operation(
        tag="acting",
        summary="Press the button behind a link",
        description=(
            "Acknowledges the alert, or silences its monitor for an hour, with the name of the channel that had the "
            "message as `by`. If somebody was there first, that name stays."
        ),
        path=_PATH,
        responses={
            303: Response("It is done. `Location` is the same page, which says so.", None),
            404: _UNKNOWN,
            410: _OVER,
        },
        problems=(429,),
    ),
}
