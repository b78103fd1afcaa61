"""The requests and responses of the routes about what is watched, by their names. See ``operations.py``."""

from typing import Any

from functions.claim_checks.main import ClaimRequest
from functions.manage_monitors.main import ConfigQuery, MonitorsQuery
from infra.openapi import monitor_examples as examples
from infra.openapi import monitor_responses as responses
from infra.openapi.operation import ID, Operation, Response, following_page, in_path
from infra.openapi.policies import CONFIGURATION, POLICY, POLICY_CHANGE
from shared.monitors.conditions.trial import TrialResult

_IN_PATH = in_path("monitor's")
_ITS_MONITOR = {
    name: {"operationId": name, "parameters": {"id": "$response.body#/id"}, "description": words}
    for name, words in {
        "get_monitor": "The monitor.",
        "change_monitor": "The same monitor, to be changed or paused.",
        "remove_monitor": "The same monitor, to be removed.",
    }.items()
}
_POLICIES = {
    "http": {"summary": "A page that has to hold a word", "value": examples.POLICY},
    "heartbeat": {"summary": "A backup that has to ping once a day", "value": examples.HEARTBEAT},
}
_STARS = "A secret that is sent back as `***` stays as it is stored."


def _monitor(words: str, example: dict[str, Any] = examples.MONITOR) -> Response:
    shown = {"monitor": {"summary": "A monitor", "value": example}}
    return Response(words, responses.WatchedMonitor, shown)


MONITOR_OPERATIONS = {
    "list_monitors": Operation(
        tag="monitors",
        summary="List monitors",
        description=(
            "What is watched, and how it is, oldest first. `name` and `group` match exactly. An empty parameter counts "
            "as absent, and unknown ones are ignored."
        ),
        query=MonitorsQuery,
        responses={
            200: Response(
                "A page of monitors.",
                responses.WatchedMonitors,
                {"page": {"summary": "One monitor", "value": {"monitors": [examples.MONITOR], "next": None}}},
            )
        },
        problems=(400,),
        links={"following_page": following_page("list_monitors")},
    ),
    "create_monitor": Operation(
        tag="monitors",
        summary="Watch something",
        description=(
            "Adds a monitor: the body is its policy. The scheme of its `url` says the kind of check, and fields that "
            "the kind cannot use are refused. Names that Gatus and Uptime Kuma give to fields are accepted too. A "
            "heartbeat without a token gets one."
        ),
        body=POLICY,
        body_examples=_POLICIES,
        responses={201: _monitor("The monitor.")},
        problems=(400, 409, 415),
        links=_ITS_MONITOR,
    ),
    "get_monitor": Operation(
        tag="monitors",
        summary="Get a monitor",
        description=(
            "One monitor. The secrets of its policy are `***`; whoever sends a key sees the token of a heartbeat."
        ),
        path=_IN_PATH,
        responses={200: _monitor("The monitor.")},
        problems=(404,),
    ),
    "replace_monitor": Operation(
        tag="monitors",
        summary="Replace a monitor's policy",
        description=(
            f"The body is the whole policy. The monitor keeps its state and its alert. {_STARS} If the change could "
            "send it to another server, the policy needs the secret itself."
        ),
        path=_IN_PATH,
        body=POLICY,
        body_examples=_POLICIES,
        responses={200: _monitor("The monitor as it is now.")},
        problems=(400, 404, 409, 415),
    ),
    "change_monitor": Operation(
        tag="monitors",
        summary="Change a monitor, pause it or resume it",
        description=(
            f"Changes the fields of the body. A null returns one to its default. {_STARS} `enabled: false` pauses the "
            'monitor: its outage ends with a RECOVERY that says "no longer watched (paused)".'
        ),
        path=_IN_PATH,
        body=POLICY_CHANGE,
        body_examples={
            "change": {"summary": "Check less often, for no word", "value": examples.CHANGE},
            "pause": {"summary": "Pause it", "value": {"enabled": False}},
        },
        responses={200: _monitor("The monitor as it is now.", examples.PAUSED)},
        problems=(400, 404, 409, 415),
    ),
    "remove_monitor": Operation(
        tag="monitors",
        summary="Watch something no more",
        description=(
            'Removes a monitor. Its outage ends with a RECOVERY that says "no longer watched (removed)". Its events '
            "and alerts stay."
        ),
        path=_IN_PATH,
        responses={204: Response("It is removed.", None)},
        problems=(404, 409),
    ),
    "want_check": Operation(
        tag="monitors",
        summary="Check a monitor now",
        description="An agent checks it within its next run; on one machine that is within a second.",
        path=_IN_PATH,
        responses={202: _monitor("The monitor, whose check is due now.")},
        problems=(404,),
    ),
    "apply_configuration": Operation(
        tag="monitors",
        summary="Apply a configuration's file",
        description=(
            "Makes the monitors of source `file` those of the body, all or nothing: new ones are added, others "
            "changed, and those that are not in it removed. `python -m infra apply` sends it. If the body is over "
            "1 MiB, pack it with gzip and send it as `application/gzip`. Unpacked, it may have 32 MiB."
        ),
        query=ConfigQuery,
        body=CONFIGURATION,
        body_examples={"file": {"summary": "A file of two monitors", "value": examples.CONFIGURATION}},
        responses={
            200: Response(
                "What changes.",
                responses.ConfigurationPlan,
                {"plan": {"summary": "One is added, one changed, one removed", "value": examples.PLAN}},
            )
        },
        problems=(400, 415),
    ),
    "claim": Operation(
        tag="schedules",
        summary="Claim the checks that are due",
        description=(
            "An agent asks what it has to check. No check is given out twice at a location. The answer also has the "
            "policies that have changed since the version that the agent knows, and what somebody on the dashboard "
            "wants to try."
        ),
        body=ClaimRequest,
        body_examples={"claim": {"summary": "What falls due within 30 seconds", "value": examples.CLAIM}},
        responses={
            200: Response(
                "What is due.",
                responses.ClaimedChecks,
                {"claimed": {"summary": "One check, of a monitor that has changed", "value": examples.CLAIMED}},
            )
        },
        problems=(400, 415),
    ),
    "report_trial": Operation(
        tag="schedules",
        summary="Report a trial",
        description=(
            "An agent reports what it found when it tried a check that is not saved. There is no event and no alert. "
            "Of several results the first is kept."
        ),
        path={"id": ("The trial's number, as the claim named it.", ID)},
        body=TrialResult,
        body_examples={"met": {"summary": "The one condition is met", "value": examples.TRIED}},
        responses={204: Response("It is kept, or another result was faster.", None)},
        problems=(400, 404, 415),
    ),
}
