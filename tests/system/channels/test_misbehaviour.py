"""The message arrives whatever a channel does, or the log says why not."""

import functools
import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.running import LocalSystem
from tests.support.stand_ins import BotApi, Message, Target
from tests.support.store.long_ago import let_every_message_be_long_ago
from tests.system.channels.cases import CASES, CUT_OFF, HANGING, REFUSED, Case, Script
from tests.system.channels.pushing import attempts, fail, load_the_library, monitor_of, seconds_between, statuses
from tests.torture.channel import lasting

pytestmark = pytest.mark.system


def test_a_message_arrives_or_the_log_says_why_not(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    bot_api.behaviour = Script(CASES)
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, **bot_api.environ) as system:
        load_the_library(system)
        # The cases do not share a message.
        let_every_message_be_long_ago(f"sqlite:///{system.database}")
        bot_api.is_down = True
        tries = [undisturbed(system, REFUSED)]
        bot_api.is_down = False
        # The hanging cases run side by side. The others run one by one, so that they leave each other the processor.
        with ThreadPoolExecutor(len(HANGING)) as pool:
            tries += pool.map(lambda case: Try(case, case.monitor, fail(system, case.monitor)), HANGING)
        tries += [undisturbed(system, case) for case in CASES if case not in HANGING]
        system.wait_until(
            lambda: all(statuses(attempts(system, each.monitor))[-4:] in ("SENT", "ILED") for each in tries), 120
        )
        # A further run of deliveries changes nothing that is settled.
        before = len(bot_api.calls)
        assert system.post("/deliver_notifications").json() == {"SENT": 0, "RETRY": 0, "FAILED": 0, "EXPIRED": 0}
        assert len(bot_api.calls) == before

    for each in tries:
        calls = [call for call in bot_api.calls if monitor_of(call.text) == each.monitor]
        assert_as_required(system, each, calls)
    # An event may wait a second for its channels. Without that limit, a hanging channel would take ten.
    assert max(each.seconds for each in tries) < 5, tries


class Try(NamedTuple):
    """One run of a case: the monitor that failed, and the seconds that the report took."""

    case: Case
    monitor: str
    seconds: float


def undisturbed(system: LocalSystem, case: Case) -> Try:
    """Run a case. If a busy machine cuts off its first attempt, run it again for another monitor."""
    for turn in range(5):
        monitor = case.monitor + "~" * turn
        tried = Try(case, monitor, fail(system, monitor))
        first = system.wait_until(functools.partial(attempts, system, monitor))[0]
        if CUT_OFF not in first["answer"]:
            break
    return tried


def assert_as_required(system: LocalSystem, tried: Try, calls: list[Message]) -> None:
    case, logs = tried.case, attempts(system, tried.monitor)
    assert statuses(logs) == case.attempts, case
    assert re.search(case.answer, logs[0]["answer"]), (case, logs[0]["answer"])
    assert sum(call.is_accepted for call in calls) == case.accepted, case
    assert len(calls) == len(logs) - (case is REFUSED), case
    # Every attempt is about the same notification, so a copy carries the same id.
    assert len({lasting(call.text) for call in calls}) <= 1, case
    assert all(call.text.endswith(f"\n#{logs[0]['notification_id']}") for call in calls), case
    gaps = [seconds_between(a["attempted_at"], b["attempted_at"]) for a, b in itertools.pairwise(logs)]
    for gap, least in zip(gaps, (3.0,) if case.monitor == "kept-waiting" else (1.0, 2.0), strict=False):
        assert gap >= least, (case, gaps)
    # The other channel sent the message once, and did not wait for this one.
    assert [line for line in system.told() if monitor_of(line) == tried.monitor][1:] == [], case
    console = attempts(system, tried.monitor, "console")
    assert statuses(console) == "SENT", case
    assert case not in HANGING or console[0]["id"] < logs[0]["id"], case
