"""The stack as CloudFormation has it: operations that are under way, what an earlier one left, and why one failed."""

import re
import time
from collections.abc import Iterator
from typing import Any

from infra.clouds.aws.target import STACK, Place, status_of_stack
from infra.clouds.cli import Command, CommandFailed

PAUSE_SECONDS = 10.0
# For an hour, as long as the AWS CLI itself waits for a stack.
_ASKED_AT_MOST = 360
# Such a stack can only be removed: its first deployment failed, or its removal did.
_FAILED = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"}
# Words of errors that pass: trying again helps.
NOT_YET = (
    # botocore, secretsmanager DeleteSecret: "there might be a short delay"; sqs QueueDeletedRecently: 60 seconds.
    "scheduled for deletion",
    "QueueDeletedRecently",
    "wait 60 seconds after deleting",
    "Throttling",
    "Rate exceeded",
    "TooManyRequestsException",
    # botocore, ssm TooManyUpdates; S3's conflict after a bucket of the same name was deleted.
    "TooManyUpdates",
    "OperationAborted",
    # A role that is seconds old: https://github.com/aws/aws-sdk-js-v3/issues/6494
    "must allow AWS EventBridge Scheduler to assume the role",
    # https://github.com/ubergeek42/lambda-letsencrypt/issues/30
    "cannot be assumed by Lambda",
    # https://github.com/hashicorp/terraform-provider-aws/issues/7384
    "does not have permissions to call ReceiveMessage on SQS",
)
# The commands that end with these words do not say why: https://github.com/aws/aws-cli/issues/4814
_WITHOUT_A_REASON = re.compile("describe-stack-events|Waiter Stack")
_STACK_NAME = re.compile("--stack-name[= ]([a-z-]+)")


def is_under_way(status: str) -> bool:
    """Whether an operation changes the stack now. One that waits for somebody's review does not."""
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def wait_until_settled(place: Place) -> None:
    """Wait while an operation is under way, such as one whose command was interrupted.

    Raises:
        CommandFailed: it takes longer than an hour, or the stack cannot be asked about.
    """
    shown = ""
    for _ in range(_ASKED_AT_MOST):
        status = status_of_stack(place)
        if not is_under_way(status):
            return
        if status != shown:
            print(f"# waiting for what is under way already: the stack is in {status}", flush=True)
            shown = status
        time.sleep(PAUSE_SECONDS)
    raise CommandFailed(f"the stack {STACK} has been in {shown} for an hour: see its events in the console")


def repair(place: Place, status: str) -> Iterator[Command]:
    """The commands after which a stack can be deployed again."""
    if status in _FAILED:
        yield from delete(place)
    elif status == "UPDATE_ROLLBACK_FAILED":
        yield place.command("cloudformation", "continue-update-rollback", f"--stack-name={STACK}")
        yield place.command("cloudformation", "wait", "stack-rollback-complete", f"--stack-name={STACK}")


def delete(place: Place) -> Iterator[Command]:
    """The commands that remove the stack."""
    yield place.command("cloudformation", "delete-stack", f"--stack-name={STACK}")
    yield place.command("cloudformation", "wait", "stack-delete-complete", f"--stack-name={STACK}")


def explained(place: Place, failure: CommandFailed) -> str:
    """Why a command failed. For one that changes the stack it is what failed first there."""
    said = str(failure)
    if not (_WITHOUT_A_REASON.search(said) and (of := _STACK_NAME.search(said))):
        return said
    try:
        events = place.asked("cloudformation", "describe-stack-events", f"--stack-name={of[1]}", "--query=StackEvents")
    except CommandFailed:
        return said  # the stack is gone, and its events with it
    first = _first_failure(events or [])
    return f"{first}\n{said}" if first else said


def _first_failure(events: list[dict[str, Any]]) -> str | None:
    """The first failure of the newest operation. ``events``: the newest first, as CloudFormation gives them."""
    found = None
    for event in events:
        status, reason = event.get("ResourceStatus", ""), event.get("ResourceStatusReason", "")
        # A cancelled operation was under way when something else failed.
        if status.endswith("_FAILED") and "cancelled" not in reason.lower():
            found = f"{event['LogicalResourceId']} ({event['ResourceType']}) is in {status}: {reason}"
        if event["PhysicalResourceId"] == event["StackId"] and reason == "User Initiated":
            break
    return found
