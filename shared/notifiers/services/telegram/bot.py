"""Calls of the Bot API through python-telegram-bot, whose requests go the way of every other channel's."""

import functools
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from shared.notifiers.exchange import post_form
from shared.notifiers.outcomes import SendFailed
from shared.notifiers.services.telegram.own_words import in_own_words

if TYPE_CHECKING:
    from telegram import Bot

Answer = TypeVar("Answer")


# Kept, since to build one costs as much as a send. Any thread may use it: it keeps nothing of a call.
@functools.lru_cache(maxsize=64)
def bot_of(token: str, base_url: str) -> "Bot":
    """The bot with this token, whose library logs nothing."""
    from telegram import Bot

    # The library would log what it sends and receives. Its exceptions tell us all that matters.
    logging.getLogger("telegram").setLevel(logging.CRITICAL + 1)
    request = _request()
    # Also for getUpdates, which we never call: the bot would build another request, of another kind.
    return Bot(token, base_url=base_url, request=request, get_updates_request=request)


def answer_of(call: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a call of a bot to its end, and return its result. Raises the call's errors."""
    # libcurl makes the request and blocks, so the call never waits for an event loop. Without a loop, a send takes a
    # third of the time.
    try:
        call.send(None)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    call.close()
    raise RuntimeError("the call of a bot waits for something other than its request")


def common(seconds: float) -> dict[str, Any]:
    """The options of every call that writes a message, which ends within ``seconds``."""
    from telegram import LinkPreviewOptions

    # A preview would make Telegram's servers request the target.
    return {"link_preview_options": LinkPreviewOptions(is_disabled=True), "read_timeout": seconds}


@functools.cache
def _request() -> Any:
    from telegram import error
    from telegram.request import BaseRequest, RequestData

    class Request(BaseRequest):
        """See BaseRequest. A request's deadline for all of it is the call's ``read_timeout``."""

        @property
        def read_timeout(self) -> None:
            """There is no deadline but a call's own."""

        async def initialize(self) -> None:
            """Nothing is kept here."""

        async def shutdown(self) -> None:
            """Nothing is kept here."""

        async def do_request(
            self,
            url: str,
            method: str,  # noqa: ARG002  # it is always POST: the library uses GET only to fetch files
            request_data: RequestData | None = None,
            *_: Any,
            **named: Any,
        ) -> tuple[int, bytes]:
            try:
                fields = request_data.json_parameters if request_data else {}
                response = post_form(url, fields, seconds=named["read_timeout"])
            except SendFailed as failure:
                # In the library's terms: it would take any other exception for a defect.
                raise error.NetworkError(str(failure)) from None
            return in_own_words(response)

    return Request()
