"""Channels in ``CHANNELS`` have names of their own."""

import json
import re
from pathlib import Path

import pytest

from tests.support.running import LocalSystem
from tests.support.stand_ins import BotApi, Call, Target, accepts, chat_not_found
from tests.system.channels.pushing import attempts, fail, monitor_of, statuses

pytestmark = pytest.mark.system


def test_two_chats_are_two_channels_by_their_names(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    """One chat refuses. The other gets the message, and another one about the first chat."""

    def refuses_ops(call: Call) -> None:
        (chat_not_found if call.message.chat_id == "1" else accepts)(call)

    telegram = {"kind": "telegram", "bot_token": bot_api.token, "api_url": bot_api.url}
    described = {"ops": {**telegram, "chat_id": 1}, "night": {**telegram, "chat_id": 2}}
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, CHANNELS=json.dumps(described)) as system:
        assert "console, ops, night  (off: sns)" in system.output()
        # The first send loads the library, which may take a busy machine longer than the deadline.
        fail(system, "first")
        system.wait_until(lambda: {call.chat_id for call in bot_api.calls if call.is_accepted} == {"1", "2"})
        bot_api.behaviour = refuses_ops
        fail(system, "shop")
        about = system.wait_until(lambda: [text for text in bot_api.messages if monitor_of(text) != "first"][1:])
        # A busy machine may need a second attempt.
        last = {name: statuses(attempts(system, "shop", name)).split()[-1] for name in ("console", "ops", "night")}
    assert last == {"console": "SENT", "ops": "FAILED", "night": "SENT"}
    assert [text.split()[:2] for text in about] == [["CHANNEL_REFUSED", "ops"]]
    log = (tmp_path / "logs" / "server.log").read_text()
    assert re.search(r"notification_failed .*\bchannel=ops\b", log)
    assert re.search(r"notification_sent .*\bchannel=night\b", log)
