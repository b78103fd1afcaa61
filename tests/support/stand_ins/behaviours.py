"""Telegram's reactions to a message, for ``BotApi.behaviour`` and ``BotApi.queue``."""

import time

from tests.support.stand_ins.bot_api import Behaviour, Call, accepts


def _named(name: str, behaviour: Behaviour) -> Behaviour:
    # A failing row of a table of behaviours is shown by this name.
    behaviour.__name__ = name
    return behaviour


def accepts_after(seconds: float) -> Behaviour:
    """Accept the message after a while."""

    def behaviour(call: Call) -> None:
        time.sleep(seconds)
        accepts(call)

    return _named(f"accepts_after_{seconds:g}_s", behaviour)


def refuses(code: int, description: str) -> Behaviour:
    """Respond with one of Telegram's errors."""
    return _named(f"refuses_{code}", lambda call: call.refuse(code, description))


def asks_to_wait(seconds: int) -> Behaviour:
    """Respond 429, too many messages, with the seconds to wait."""
    description = f"Too Many Requests: retry after {seconds}"
    parameters = {"retry_after": seconds}
    return _named(f"asks_to_wait_{seconds}_s", lambda call: call.refuse(429, description, parameters))


chat_not_found = refuses(400, "Bad Request: chat not found")
unauthorized = refuses(401, "Unauthorized")
was_blocked = refuses(403, "Forbidden: bot was blocked by the user")
not_found = refuses(404, "Not Found")
internal_error = refuses(500, "Internal Server Error")


def bad_gateway(call: Call) -> None:
    """Respond 502 in HTML, as a proxy in between does."""
    call.exchange.answer(502, "<html><h1>502 Bad Gateway</h1></html>", "text/html")


def says_no_json(call: Call) -> None:
    """Respond 200 in HTML, as something that is not Telegram does."""
    call.exchange.answer(200, "<html>Please log in to this network</html>", "text/html")


def hangs(call: Call) -> None:
    """Take the request and stay silent until released. The message is not accepted."""
    call.exchange.hang()


def resets(call: Call) -> None:
    """Reset the connection. The message is not accepted."""
    call.exchange.reset()


def accepts_and_drips(call: Call) -> None:
    """Accept the message and send the response one byte at a time."""
    call.exchange.drip(200, call.accept())


def accepts_and_hangs(call: Call) -> None:
    """Accept the message and stay silent until released."""
    call.accept()
    call.exchange.hang()


def accepts_and_resets(call: Call) -> None:
    """Accept the message, then reset the connection before the response."""
    call.accept()
    call.exchange.reset()
