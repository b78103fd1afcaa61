"""Each deployed function: its settings, its secrets, its role, and what happens to its failures."""

import json
from typing import Any

import pytest

from infra.clouds.aws import functions
from infra.clouds.aws.target import dashed
from infra.clouds.function_env import is_for
from infra.table import Row, agent, backend, claims, rows
from tests.infra.clouds.aws.life import GIVEN, SECRETS, TOPIC, TOPICS, arn, of_parameter, queue_arn
from tests.infra.clouds.deployer import CALLED, SCHEDULED
from tests.support.moto_aws import ACCOUNT, REGION
from tests.support.routes import filled, methods_of

pytestmark = pytest.mark.together("aws")


@pytest.mark.system
@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_function_gets_its_settings_and_only_its_secrets(stack: dict[str, Any], row: Row) -> None:
    made = stack["functions"][f"bonghwa-{dashed(row)}"]
    size = functions.size_of(row)
    assert (made["MemorySize"], made["Timeout"]) == (size.memory_mb, size.timeout_seconds)
    told = dict(made["Environment"]["Variables"])
    has_channels = "channels" in row.needs
    groups = ["everyone"]
    groups += [need for need in ("store", "channels", "agent") if need in row.needs]
    names = told.pop("SECRET_NAMES").split()
    assert [of_parameter(each) for each in names] == [f"{each}-1" for each in groups]
    [publishing, reading] = [
        [each for each in stack["roles"][made["Role"]][1] if each["Action"] == [action]]
        for action in ("sns:Publish", "ssm:GetParameters")
    ]
    assert [each["Resource"] for each in publishing] == [TOPIC, TOPICS] * has_channels
    place = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter"
    assert [each["Resource"] for each in reading] == [[f"{place}{each.partition(':')[0]}"] for each in names]
    assert (told.pop("FUNCTION_TARGET"), told.pop("API_AUTH")) == (row.name, "all")
    assert told.pop("SENDS", None) == row.sends
    if row == agent():
        assert told.pop("BACKEND_URL") == f"https://{stack['api']['ApiId']}.execute-api.{REGION}.amazonaws.com"
        assert told.pop("SPOOL_DIR") == "/tmp"
        assert told.pop("EVENTS_FUNCTION") == "bonghwa-ingest-event"
        assert told.pop("CLAIM_FUNCTION") == "bonghwa-claim-checks"
        queue = told.pop("LATER_RUNS_QUEUE")
        assert queue.startswith(f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/bonghwa-CheckMonitorsQueue-")
        assert told.pop("LATER_RUNS_SECONDS") == "30"
    defaults = {"CHECK_INTERVAL_SECONDS": "30", "CHECK_TIMEOUT_SECONDS": "10", "MESSAGE_LANGUAGE": "en"}
    defaults |= {"NOTIFICATION_TTL": "86400", "LOG_LEVEL": "INFO"}
    defaults |= {"RETENTION_EVENTS": "7d", "RETENTION_ROLLUPS": "400d", "RETENTION_ALERTS": "400d"}
    defaults |= {"FLAPPING_STARTS": "50%", "FLAPPING_ENDS": "25%"}
    plain = {**defaults, **{name: value for name, value in GIVEN.items() if name not in SECRETS}}
    assert {name: value for name, value in told.items() if value} == {
        name: value for name, value in plain.items() if is_for(row, name)
    }
    assert all(is_for(row, name) for name in told)


@pytest.mark.system
@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_functions_role_allows_what_it_needs_and_no_more(stack: dict[str, Any], row: Row) -> None:
    made = stack["functions"][f"bonghwa-{dashed(row)}"]
    assert [each["Role"] for each in stack["functions"].values()].count(made["Role"]) == 1
    taking, allowed = stack["roles"][made["Role"]]
    [only] = taking
    assert only["Principal"] == {"Service": "lambda.amazonaws.com"}
    found = {tuple(each["Action"]): each["Resource"] for each in allowed}
    dead_letters, later = (queue_arn(stack, each) for each in ("DeadLetters", "CheckMonitorsQueue"))
    log = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/bonghwa-{dashed(row)}"
    assert found.pop(("logs:CreateLogStream", "logs:PutLogEvents")).removesuffix(":*") == log
    assert found.pop(("ssm:GetParameters",))
    found.pop(("sns:Publish",), None)
    wanted: dict[tuple[str, ...], Any] = {("sqs:SendMessage",): dead_letters} if row.every else {}
    if row == agent():
        wanted["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"] = later
        wanted[("lambda:InvokeFunction",)] = [arn(backend()), arn(claims())]
    assert found == wanted
    assert not any(stack["managed"].values())


@pytest.mark.system
def test_each_route_and_every_other_request_has_a_function(stack: dict[str, Any]) -> None:
    expected = {
        f"{method} {route.braced}": row for row in CALLED for route in row.routes for method in methods_of(route)
    }
    unrouted = next(row for row in rows() if row.name == functions.FOR_UNROUTED)
    # moto's name for ANY, and for what is named $default there.
    any_method = "X-AMAZON-APIGATEWAY-ANY-METHOD"
    expected |= {f"{any_method} {path}/{{proxy+}}": row for row in CALLED for path in row.below}
    assert set(stack["routes"]) == {*expected, f"{any_method} $default"}
    for key, target in stack["routes"].items():
        integration = stack["integrations"][target]
        assert (integration["IntegrationType"], integration["PayloadFormatVersion"]) == ("AWS_PROXY".lower(), "2.0")
        assert f"{arn(expected.get(key, unrouted))}/invocations" in integration["IntegrationUri"]
    [stage] = stack["stages"]
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 20, "ThrottlingRateLimit": 20.0}


@pytest.mark.system
@pytest.mark.parametrize("row", CALLED, ids=lambda row: row.name)
def test_the_api_may_call_a_function_by_its_own_routes_alone(stack: dict[str, Any], row: Row) -> None:
    statements = stack["permissions"][row.name]
    assert all(each["Principal"] == {"Service": "apigateway.amazonaws.com"} for each in statements)
    sources = {each["Condition"]["ArnLike"]["AWS:SourceArn"] for each in statements}
    routes = {f"{method}{filled(route.path, '*')}" for route in row.routes for method in methods_of(route)}
    routes |= {f"*{path}/*" for path in row.below}
    api = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{stack['api']['ApiId']}/*"
    assert sources == {f"{api}/{route}" for route in ({"*"} if row.name == functions.FOR_UNROUTED else routes)}
    # Lambda refuses a longer policy.
    assert len(json.dumps(statements)) < 20_480


@pytest.mark.system
@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_failed_call_is_kept_and_not_tried_again(stack: dict[str, Any], row: Row) -> None:
    found = stack["invoking"][f"bonghwa-{dashed(row)}"]
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (0, 60)
    kept = {"OnFailure": {"Destination": queue_arn(stack, "DeadLetters")}}
    assert {name: each for name, each in found.get("DestinationConfig", {}).items() if each} == (
        kept if row.every is not None else {}
    )


@pytest.mark.system
def test_logs_last_a_month_and_alarms_report_failures(stack: dict[str, Any]) -> None:
    assert {each["logGroupName"]: each["retentionInDays"] for each in stack["logs"]} == {
        f"/aws/lambda/bonghwa-{dashed(row)}": 30 for row in rows()
    }
    [subscription] = stack["subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "kim@example.com")
    dead_letters = queue_arn(stack, "DeadLetters").rpartition(":")[2]
    watched = {}
    for alarm in stack["alarms"]:
        assert alarm["AlarmActions"] == alarm["OKActions"] == [subscription["TopicArn"]]
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0.0, "GreaterThanThreshold")
        assert alarm["TreatMissingData"] == "notBreaching"
        [dimension] = alarm["Dimensions"]
        watched[alarm["Namespace"], alarm["MetricName"], dimension["Value"]] = dimension["Name"]
    assert watched == {
        ("AWS/ApiGateway", "5xx", stack["api"]["ApiId"]): "ApiId",
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", dead_letters): "QueueName",
        **{("AWS/Lambda", "Errors", f"bonghwa-{dashed(row)}"): "FunctionName" for row in SCHEDULED},
    }
