"""Refusals of the real cloud that moto lacks: rules that always hold, and failures that come by chance.

Each has its source. CloudFormation's are in its user guide, "Stack status codes" and "Troubleshooting":
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

import contextlib
import random
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

# Failures of a command, by the words of the AWS CLI, and whether the cloud has done before what was asked.
BY_CHANCE: dict[str, tuple[str, bool]] = {
    # botocore/data/_retry.json: what every service says if it is asked too often.
    "throttled": ("An error occurred (ThrottlingException) when calling the operation: Rate exceeded", False),
    # https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html
    "unreachable": ("Could not connect to the endpoint URL", False),
    "lost": ("Connection was closed before we received a valid response from endpoint URL", True),
    "interrupted": ("", True),
}
# Reasons of a resource that could not be made. The first two pass: see NOT_YET in infra/clouds/aws/stack.py.
REASONS = (
    # https://github.com/ubergeek42/lambda-letsencrypt/issues/30
    "The role defined for the function cannot be assumed by Lambda.",
    # https://github.com/aws/aws-sdk-js-v3/issues/6494
    "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution",
)
# A stack in such a state takes no update, says CloudFormation.
_LOCKED = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED")
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html: "can't nest another parameter".
_NESTED = re.compile(r"(?s)\{\{.*\}\}")
# botocore, sqs QueueDeletedRecently: "wait 60 seconds"; ssm DeleteParameter: "wait for at least 30 seconds".
QUEUE_SECONDS, PARAMETER_SECONDS = 60.0, 30.0


class Refusals:
    """By chance, one in ``one_in`` changes fails. 0: none does. Each rule of the cloud holds always."""

    def __init__(self, seed: int = 0, one_in: int = 0) -> None:
        self.one_in = one_in
        self._random = random.Random(seed)
        self._deleted: dict[str, float] = {}
        self._status_afterwards: tuple[Any, str, int] | None = None
        # Whether the command that waits for the stack is interrupted: then the stack goes on alone.
        self._is_left = False
        # Why the next change of the stack fails, and whether it cannot be taken back either.
        self.next_reason, self.is_next_stuck = "", False
        self.done: list[str] = []

    def of_call(self, words: str) -> tuple[str, bool] | None:
        """How a call of ``aws`` fails: its words, and whether it was done before; None if it does not."""
        if not self._is_hit():
            return None
        kind = self._random.choice(list(BY_CHANCE))
        self._is_left = kind == "interrupted" and words.startswith("cloudformation deploy")
        self.done.append(f"{kind}: {words[:60]}")
        return BY_CHANCE[kind]

    def _is_hit(self) -> bool:
        return bool(self.one_in) and self._random.randrange(self.one_in) == 0

    def executed(self, apply: Any, backend: Any, change_set: Any, stack: Any) -> None:
        """CloudFormation executes a change set, or fails and rolls back."""
        kind = change_set.change_set_type
        stack._add_stack_event(f"{kind}_IN_PROGRESS", resource_status_reason="User Initiated")
        if (reason := self.next_reason) or self._is_hit():
            reason = reason or self._random.choice(REASONS)
            self.done.append(f"{kind}: {reason}")
            if kind == "CREATE":
                change_set.apply()
            self._event(stack, "CheckMonitorsRole", f"{kind}_FAILED", reason)
            self._event(stack, "Api", f"{kind}_FAILED", "Resource creation cancelled")
            prefix = "" if kind == "CREATE" else "UPDATE_"
            is_stuck = self.is_next_stuck or self._random.random() < 0.3 * bool(self.one_in)
            self.next_reason, self.is_next_stuck = "", False
            if kind == "CREATE" and not is_stuck:
                stack.resource_map.delete()
            stack.status = f"{prefix}ROLLBACK_{'FAILED' if is_stuck else 'COMPLETE'}"
            stack._add_stack_event(stack.status)
        else:
            apply(backend, change_set.change_set_id)
        is_left, self._is_left = self._is_left, False
        if is_left or self._is_hit():
            self.done.append(f"{kind} takes long")
            self._status_afterwards = stack, stack.status, 6
            stack.status = f"{kind}_IN_PROGRESS"
        _require(not is_left, "nobody waits for it")

    def leave_the_next_running(self) -> None:
        """Interrupt the command that waits for the next change of the stack, which goes on."""
        self._is_left = True

    def deleted(self, delete: Any, backend: Any, stack: Any) -> None:
        """CloudFormation removes a stack, or leaves it with what it could not remove."""
        stack._add_stack_event("DELETE_IN_PROGRESS", resource_status_reason="User Initiated")
        if self._is_hit():
            self.done.append("DELETE")
            self._event(stack, "CheckMonitorsQueue", "DELETE_FAILED", "Rate exceeded")
            stack.status = "DELETE_FAILED"
        else:
            delete(backend, stack.stack_id)

    def asked_about(self) -> None:
        """Somebody asks about stacks: what is under way may end."""
        if self._status_afterwards:
            stack, status, left = self._status_afterwards
            self._status_afterwards = (stack, status, left - 1) if left else None
            if not left:
                stack.status = status

    def _event(self, stack: Any, resource: str, status: str, reason: str) -> None:
        from moto.cloudformation.models import Event

        about = (stack.stack_id, stack.name, resource, f"bonghwa-{resource}", "AWS::IAM::Role", status, reason, None)
        stack.events.append(Event(*about))

    def gone(self, kind: str, name: str) -> None:
        """Something is deleted, whose name is locked for a while."""
        self._deleted[f"{kind} {name}"] = time.monotonic()

    def is_locked(self, kind: str, name: str, seconds: float) -> bool:
        """Whether the name was given back less than so many seconds ago."""
        at = self._deleted.get(f"{kind} {name}")
        return at is not None and time.monotonic() - at < seconds


@contextlib.contextmanager
def refusing(refusals: Refusals) -> Iterator[None]:
    """Let moto's services refuse as ``refusals`` says."""
    from moto.cloudformation.models import CloudFormationBackend as Stacks
    from moto.cloudformation.responses import CloudFormationResponse
    from moto.core.responses import EmptyResult
    from moto.sqs.models import SQSBackend
    from moto.ssm.models import SimpleSystemManagerBackend as Parameters

    execute, delete, create = Stacks.execute_change_set, Stacks.delete_stack, Stacks.create_change_set
    describe, make_queue, delete_queue = Stacks.describe_stacks, SQSBackend.create_queue, SQSBackend.delete_queue
    put, remove = Parameters.put_parameter, Parameters.delete_parameters

    def executed(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
        sets = self.change_sets.values()
        [found] = [each for each in sets if change_set_name in (each.change_set_id, each.change_set_name)]
        refusals.executed(execute, self, found, self.stacks[found.stack_id])

    def deleted(self: Any, name: str) -> None:
        for stack in [each for each in self.stacks.values() if name in (each.name, each.stack_id)]:
            refusals.deleted(delete, self, stack)

    def created(self: Any, **given: Any) -> Any:
        _refuse_locked(self, given["stack_name"])
        return create(self, **given)

    def described(self: Any, name: str) -> Any:
        refusals.asked_about()
        return describe(self, name)

    def continued(response: CloudFormationResponse) -> Any:
        [stack] = response.cloudformation_backend.describe_stacks(response._get_param("StackName"))
        _require(stack.status == "UPDATE_ROLLBACK_FAILED", f"Stack is in state {stack.status}")
        stack.status = "UPDATE_ROLLBACK_COMPLETE"
        return EmptyResult()

    def queue_made(self: Any, name: str, *given: Any, **more: Any) -> Any:
        _require(not refusals.is_locked("queue", name, QUEUE_SECONDS), "QueueDeletedRecently: wait 60 seconds")
        return make_queue(self, name, *given, **more)

    def queue_deleted(self: Any, name: str) -> Any:
        refusals.gone("queue", name)
        return delete_queue(self, name)

    def parameter_put(self: Any, name: str, *given: Any, **more: Any) -> Any:
        _require(not refusals.is_locked("parameter", name, PARAMETER_SECONDS), f"{name} was deleted just now")
        value = more.get("value", given[1] if len(given) > 1 else "")
        _require(not _NESTED.search(value), "Parameter value can't nest another parameter")
        return put(self, name, *given, **more)

    def parameters_deleted(self: Any, names: list[str]) -> Any:
        for name in names:
            refusals.gone("parameter", name)
        return remove(self, names)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stacks, "execute_change_set", executed)
        patch.setattr(Stacks, "delete_stack", deleted)
        patch.setattr(Stacks, "create_change_set", created)
        patch.setattr(Stacks, "describe_stacks", described)
        patch.setattr(CloudFormationResponse, "continue_update_rollback", continued, raising=False)
        patch.setattr(SQSBackend, "create_queue", queue_made)
        patch.setattr(SQSBackend, "delete_queue", queue_deleted)
        patch.setattr(Parameters, "put_parameter", parameter_put)
        patch.setattr(Parameters, "delete_parameters", parameters_deleted)
        yield


def _refuse_locked(backend: Any, name: str) -> None:
    for stack in backend.stacks.values():
        is_busy = stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS"
        if stack.name == name:
            words = f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
            _require(stack.status not in _LOCKED and not is_busy, words)


def _require(is_so: bool, words: str) -> None:
    from moto.cloudformation.exceptions import ValidationError

    if not is_so:
        raise ValidationError(message=words)
