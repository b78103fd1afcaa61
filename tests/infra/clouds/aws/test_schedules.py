"""The schedules on AWS: which ticks, by whom, and the queue that adds the half minute."""

import json
from typing import Any

import pytest

from infra.clouds.aws import stages
from infra.clouds.aws.target import dashed
from infra.table import agent, rows
from shared.settings import SettingError
from tests.infra.clouds.aws.life import GIVEN, arn, queue_arn
from tests.infra.clouds.deployer import SCHEDULED
from tests.support.moto_aws import ACCOUNT

pytestmark = pytest.mark.together("aws")


@pytest.mark.parametrize(
    ("interval", "cron", "half_minutes"),
    [
        ("30", "* * * * ? *", "true"),
        ("60", "* * * * ? *", "false"),
        ("300", "0/5 * * * ? *", "false"),
        ("7200", "0 0/2 * * ? *", "false"),
        ("86400", "0 0 * * ? *", "false"),
    ],
)
def test_an_interval_is_kept(interval: str, cron: str, half_minutes: str) -> None:
    found = stages.schedule_parameters({**GIVEN, "CHECK_INTERVAL_SECONDS": interval})
    assert found == {"CheckMonitorsCron": cron, "CheckMonitorsHalfMinutes": half_minutes}


@pytest.mark.parametrize("interval", ["2", "10", "20", "30.5", "45", "90", "420", "18000"])
def test_an_interval_the_scheduler_cannot_keep_is_rejected(interval: str) -> None:
    with pytest.raises(SettingError, match=rf"CHECK_INTERVAL_SECONDS is '{interval}': expected 30 or 60 seconds, or"):
        stages.schedule_parameters({**GIVEN, "CHECK_INTERVAL_SECONDS": interval})


@pytest.mark.system
def test_each_scheduled_function_has_one_schedule(stack: dict[str, Any]) -> None:
    found = stack["schedules"]
    assert set(found) == {f"bonghwa-{dashed(row)}" for row in SCHEDULED}
    for row in SCHEDULED:
        each = found[f"bonghwa-{dashed(row)}"]
        expected = "cron(0 0/1 * * ? *)" if row.name == "maintain_store" else "cron(* * * * ? *)"
        assert each["ScheduleExpression"] == expected
        assert (each["ScheduleExpressionTimezone"], each["FlexibleTimeWindow"]) == ("UTC", {"Mode": "OFF"})
        assert each["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0
        assert each["Target"]["DeadLetterConfig"] == {"Arn": queue_arn(stack, "DeadLetters")}
        assert each["Target"]["Arn"] == arn(row)


@pytest.mark.system
def test_the_delaying_queue_calls_the_agent_once_a_message(stack: dict[str, Any]) -> None:
    [source] = stack["sources"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert (source["EventSourceArn"], source["FunctionArn"]) == (queue_arn(stack, "CheckMonitorsQueue"), arn(agent()))
    assert source["BatchSize"] == 1
    queue = stack["queues"]["CheckMonitorsQueue"]
    redrive = json.loads(queue["RedrivePolicy"])
    dead_letters = queue_arn(stack, "DeadLetters")
    assert (redrive["deadLetterTargetArn"], int(redrive["maxReceiveCount"])) == (dead_letters, 3)
    # A message that is never taken is a dead letter before it expires, and the alarm about it ends after a day.
    assert int(queue["MessageRetentionPeriod"]) > 3 * int(queue["VisibilityTimeout"])
    assert int(stack["queues"]["DeadLetters"]["MessageRetentionPeriod"]) == 86_400


@pytest.mark.system
def test_the_scheduler_may_only_call_what_is_scheduled(stack: dict[str, Any]) -> None:
    [role] = {each["Target"]["RoleArn"] for each in stack["schedules"].values()}
    [taking], allowed = stack["roles"][role]
    assert taking["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert taking["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert {tuple(each["Action"]): each["Resource"] for each in allowed} == {
        ("lambda:InvokeFunction",): [arn(row) for row in SCHEDULED],
        ("sqs:SendMessage",): queue_arn(stack, "DeadLetters"),
    }
    # One for each function, and this one.
    assert len(stack["roles"]) == len(rows()) + 1
