"""The schedules in the template: EventBridge Scheduler, which ticks at most once a minute, and a queue that delays.

The second run of a minute is a message that the first run sends to a queue, which delivers it 30 seconds later, so that
no function waits and nobody pays for waiting.
"""

import json
from typing import Any

from infra.clouds.aws.functions import DEAD_LETTERS, Resources, allow, function_arn, role, size_of
from infra.clouds.aws.target import STACK, Place, dashed, id_of
from infra.clouds.cli import Command
from infra.clouds.cron import Beat, beat_of
from infra.table import Row, rows
from shared.settings import Settings

SHORTEST_SECONDS = 30
# How often a message is handed out that no run took, because Lambda was busy: a new account may run ten at once. A run
# that comes late does no harm: it checks what is due.
RECEIVES = 3
ROLE = "SchedulerRole"
_TICK = "<aws.scheduler.scheduled-time>"


def scheduled() -> list[Row]:
    """The rows that a schedule calls."""
    return [row for row in rows() if row.every is not None]


def has_setting(row: Row) -> bool:
    """Whether a setting says how often; then the template's parameters say when."""
    return isinstance(row.every, str)


def beat(row: Row, settings: Settings) -> Beat:
    """When the row's function is called. Raises SettingError if Amazon's scheduler cannot do that."""
    return beat_of(row, settings, SHORTEST_SECONDS, "Amazon's")


def parameters(row: Row, settings: Settings) -> dict[str, str]:
    """The template's parameters for a schedule that a setting rules. Raises SettingError."""
    found = beat(row, settings)
    return {f"{id_of(row)}Cron": cron(found), f"{id_of(row)}HalfMinutes": "true" if len(found.delays) > 1 else "false"}


def cron(beat: Beat) -> str:
    """A cron line as Amazon writes it: with a year, and with ? for one of the two day fields."""
    minute, hour, *_ = beat.cron.split()
    return f"{minute.replace('*/', '0/')} {hour.replace('*/', '0/')} * * ? *"


def resources(row: Row) -> Resources:
    """The schedules of a function, and its queue."""
    name = id_of(row)
    target = {"Arn": {"Fn::GetAtt": [name, "Arn"]}, "Input": json.dumps({"scheduled": _TICK})}
    line: Any = cron(beat(row, Settings.from_env({})))
    found = {f"{name}Schedule": _schedule(row, f"cron({line})", target)}
    if has_setting(row):
        line = {"Fn::Sub": f"cron(${{{name}Cron}})"}
        found = {f"{name}Schedule": _schedule(row, line, target)} | _half_minutes(row)
    return found


def manual_call(row: Row, place: Place) -> Command:
    """The command that calls a function as its schedule does."""
    payload = json.dumps({"scheduled": "now"}, separators=(",", ":"))
    name = f"--function-name={STACK}-{dashed(row)}"
    encoding = "--cli-binary-format=raw-in-base64-out"
    return place.command("lambda", "invoke", name, f"--payload={payload}", encoding, "/dev/stdout")


def queue_permissions(row: Row) -> list[dict[str, Any]]:
    """The permissions that a function needs so that it can ask its queue for a later run, and the queue can call it."""
    if not has_setting(row):
        return []
    actions = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    return [_if_half_minutes(row, allow(actions, _arn(f"{id_of(row)}Queue")))]


def variables(row: Row) -> dict[str, Any]:
    """The variables by which a function finds its queue."""
    if not has_setting(row):
        return {}
    return {
        "LATER_RUNS_QUEUE": _if_half_minutes(row, {"Ref": f"{id_of(row)}Queue"}),
        "LATER_RUNS_SECONDS": _if_half_minutes(row, f"{SHORTEST_SECONDS}"),
    }


def scheduler_role() -> Resources:
    """The role of the scheduler: it may call the scheduled functions, and send calls that failed to dead letters."""
    # The functions by their names: so it does not wait for them, and is minutes old when the schedules name it.
    calls = allow(["lambda:InvokeFunction"], [function_arn(row) for row in scheduled()])
    sends = allow(["sqs:SendMessage"], _arn(DEAD_LETTERS))
    ours = {"Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}}
    return {ROLE: {"Type": "AWS::IAM::Role", "Properties": role("scheduler.amazonaws.com", [calls, sends], **ours)}}


def _half_minutes(row: Row) -> Resources:
    name = id_of(row)
    # Without a name of its own: a queue's name cannot be used again for a minute after its deletion.
    queue = {
        # Lambda refuses one that is shorter than a run may be.
        "VisibilityTimeout": size_of(row).timeout_seconds,
        # Longer than all of these take together, so that what nobody took becomes a dead letter, and an alarm.
        "MessageRetentionPeriod": (RECEIVES + 1) * size_of(row).timeout_seconds,
        "SqsManagedSseEnabled": True,
        "RedrivePolicy": {"deadLetterTargetArn": _arn(DEAD_LETTERS), "maxReceiveCount": RECEIVES},
    }
    source = {
        "EventSourceArn": _arn(f"{name}Queue"),
        "FunctionName": {"Ref": name},
        "BatchSize": 1,
        # The least that Lambda allows.
        "ScalingConfig": {"MaximumConcurrency": 2},
    }
    found = {
        f"{name}Queue": {"Type": "AWS::SQS::Queue", "Properties": queue},
        f"{name}Source": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": source},
    }
    return {key: {"Type": made.pop("Type"), "Condition": f"{name}HalfMinutes", **made} for key, made in found.items()}


def _schedule(row: Row, line: Any, target: dict[str, Any]) -> dict[str, Any]:
    properties = {
        "Name": {"Fn::Sub": f"${{AWS::StackName}}-{dashed(row)}"},
        "ScheduleExpression": line,
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            **target,
            "RoleArn": _arn(ROLE),
            "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
            "DeadLetterConfig": {"Arn": _arn(DEAD_LETTERS)},
        },
    }
    return {"Type": "AWS::Scheduler::Schedule", "Properties": properties}


def _if_half_minutes(row: Row, value: Any) -> dict[str, Any]:
    return {"Fn::If": [f"{id_of(row)}HalfMinutes", value, {"Ref": "AWS::NoValue"}]}


def _arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}
