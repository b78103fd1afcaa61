"""The requests and responses of the routes by which people act on an alert from a message. See ``operations.py``."""

from typing import Any

from infra.openapi.operation import Operation, Response

_TOKEN = {"type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_-]+$"}
_PATH = {"token": ("What the message's link ends with. It is signed, and holds no secret.", _TOKEN)}
_UNKNOWN = Response("A page: the token is none of ours.", str, kind="text/html")
_OVER = Response("A page: the link has expired after 7 days, or the alert has ended.", str, kind="text/html")
_ANSWER = {"method": "answerCallbackQuery", "callback_query_id": "4382bfdwdsb323b2d9", "text": "You have it"}

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
    "receive_telegram": Operation(
        tag="acting",
        summary="Take an update of a Telegram bot",
        description=(
            "The webhook of the bots: a pressed button makes the same move as `PATCH /alerts/<id>`, with the name of "
            "whoever pressed it as `by`; the commands `/status`, `/ack 7`, `/silence shop 1h` and `/test` are answered "
            "in their chat. Only chats that a channel names can do anything. An update that comes again changes "
            "nothing. The header `X-Telegram-Bot-Api-Secret-Token` has to hold `TELEGRAM_WEBHOOK_SECRET`; without that "
            "setting the path is 404."
        ),
        body=dict[str, Any],
        body_examples={
            "press": {
                "summary": "Somebody pressed Acknowledge",
                "value": {
                    "update_id": 1,
                    "callback_query": {
                        "id": "4382bfdwdsb323b2d9",
                        "from": {"id": 42, "is_bot": False, "first_name": "Kim"},
                        "message": {"message_id": 41, "date": 1736301000, "chat": {"id": -100123}},
                        "data": "a:7:ack",
                    },
                },
            }
        },
        responses={
            200: Response(
                "It was understood. The body is a call of the Bot API that answers it, or empty.",
                dict[str, Any],
                {"answer": {"summary": "The button says so", "value": _ANSWER}},
            ),
            401: Response("The header is missing or wrong.", dict[str, Any], kind="application/problem+json"),
        },
        problems=(400, 404, 415),
    ),
}
