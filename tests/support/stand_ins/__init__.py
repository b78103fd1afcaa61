"""Stand-ins for the world outside: real HTTP servers on this machine that behave as a test wants.

``Target`` is a web service that fails on demand, ``BotApi`` is Telegram, agents report to ``Backend``, ``Configured``
takes configurations, ``GoogleApis`` are the services that the agent calls at Google, and ``Echo`` repeats what it is
sent. Each is a context manager with a ``url``. A test that needs
another server derives it from ``StandIn``.
"""

from tests.support.stand_ins.backend import Backend
from tests.support.stand_ins.behaviours import (
    accepts_after,
    accepts_and_drips,
    accepts_and_hangs,
    accepts_and_resets,
    asks_to_wait,
    bad_gateway,
    chat_not_found,
    hangs,
    internal_error,
    not_found,
    refuses,
    resets,
    says_no_json,
    unauthorized,
    was_blocked,
)
from tests.support.stand_ins.bot_api import Behaviour, BotApi, Call, Message, accepts
from tests.support.stand_ins.clouds.google_apis import GoogleApis
from tests.support.stand_ins.configured import Configured
from tests.support.stand_ins.echo import Echo
from tests.support.stand_ins.server import Exchange, StandIn
from tests.support.stand_ins.target import Target

__all__ = [
    "Backend",
    "Behaviour",
    "BotApi",
    "Call",
    "Configured",
    "Echo",
    "Exchange",
    "GoogleApis",
    "Message",
    "StandIn",
    "Target",
    "accepts",
    "accepts_after",
    "accepts_and_drips",
    "accepts_and_hangs",
    "accepts_and_resets",
    "asks_to_wait",
    "bad_gateway",
    "chat_not_found",
    "hangs",
    "internal_error",
    "not_found",
    "refuses",
    "resets",
    "says_no_json",
    "unauthorized",
    "was_blocked",
]
