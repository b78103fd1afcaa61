"""Our requests to AWS, against Amazon's own descriptions of its services in botocore."""

import json
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from functions.check_monitors.later_runs import sqs
from infra.clouds.aws import package, parameters, template
from infra.clouds.aws.target import STACK, Existing
from infra.clouds.cli import File
from infra.table import agent, rows
from tests.infra.clouds.aws.life import PLACE, SECRETS
from tests.system.runtimes.stack import Stack

pytestmark = pytest.mark.together("aws")

# The version of the descriptions, and the day on which it was made. A newer one needs both changed.
VERSION, OF = "1.44.8", date(2026, 11, 20)
# The parameters of a resource's call, besides those that CloudFormation adds itself.
CALLED = {
    "AWS::Scheduler::Schedule": ("scheduler", "CreateSchedule"),
    "AWS::Lambda::EventSourceMapping": ("lambda", "CreateEventSourceMapping"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm"),
}


def shape(service: str, operation: str) -> Any:
    from botocore.session import Session

    return Session().get_service_model(service).operation_model(operation).input_shape


def mistakes(service: str, operation: str, given: dict[str, Any]) -> str:
    """The parameters of an operation that Amazon's own library would refuse."""
    from botocore.validate import ParamValidator

    expected = shape(service, operation)
    unknown = given.keys() - expected.members.keys()
    return "; ".join([*sorted(unknown), ParamValidator().validate(given, expected).generate_report()]).strip("; ")


@pytest.fixture(scope="module")
def stack() -> Stack:
    """The committed template, translated, with a secret of each group."""
    values = {"CodeBucket": "bucket", "CodeKey": "key", "AlarmEmail": "kim@example.com"}
    names = parameters.in_template(PLACE, {}, Existing(), {})
    return Stack(template.FILE, STACK, PLACE.region, {**values, **names})


@pytest.mark.parametrize("kind", CALLED)
def test_the_templates_properties_are_known_to_the_service(stack: Stack, kind: str) -> None:
    found = stack.of_type(kind)
    assert found
    for name, properties in found.items():
        assert mistakes(*CALLED[kind], properties) == "", name


def test_queues_have_attributes_that_sqs_knows(stack: Stack) -> None:
    known = shape("sqs", "CreateQueue").members["Attributes"].key.enum
    for properties in stack.of_type("AWS::SQS::Queue").values():
        assert set(properties) <= set(known), "no name among them, which would be locked after its deletion"


def test_functions_have_properties_that_lambda_knows(stack: Stack) -> None:
    known = shape("lambda", "CreateFunction").members
    functions = stack.of_type("AWS::Lambda::Function")
    assert len(functions) == len(rows())
    for properties in functions.values():
        assert properties.keys() <= known.keys()
    assert {f"python{each}" for each in package.VERSIONS} <= set(known["Runtime"].enum)


def test_the_agents_own_calls_are_what_the_services_take(stack: Stack) -> None:
    at = datetime(2026, 1, 8, 10, 30, tzinfo=UTC)
    [function] = [each for each in stack.of_type("AWS::Lambda::Function").values() if each["FunctionName"] == _name()]
    queue = function["Environment"]["Variables"]["LATER_RUNS_QUEUE"]
    assert mistakes("sqs", "SendMessage", dict(sqs.message(queue, at + timedelta(seconds=30), at))) == ""
    invoke = {"FunctionName": function["Environment"]["Variables"]["EVENTS_FUNCTION"], "Payload": b"{}"}
    assert mistakes("lambda", "Invoke", invoke) == ""


def _name() -> str:
    return f"{STACK}-{agent().name.replace('_', '-')}"


def test_a_secret_is_stored_and_read_as_parameter_store_takes_it() -> None:
    from botocore.session import Session

    secrets = {"everyone": {"API_KEY": SECRETS["API_KEY"]}, "agent": {"TARGET_URL": "https://a.example/ " * 500}}
    found = parameters.parts(secrets, Existing())
    assert [len(found[group]) for group in secrets] == [1, 3]
    assert json.loads("".join(part.text for part in found["agent"])) == secrets["agent"]
    for command in parameters.write(PLACE, found):
        [file] = [word for word in command.arguments if isinstance(word, File)]
        name = next(str(word) for word in command.arguments if str(word).startswith("--name="))
        given = {**file.content, "Name": name.removeprefix("--name="), "Type": "SecureString", "Tier": "Standard"}
        assert mistakes("ssm", "PutParameter", {**given, "Overwrite": True}) == ""
        assert len(file.content["Value"]) <= 4096
    names = [f"{part.name}:{part.version}" for own in found.values() for part in own]
    assert mistakes("ssm", "GetParameters", {"Names": names, "WithDecryption": True}) == ""
    errors = {"ssm": "TooManyUpdates", "sqs": "QueueDeletedRecently"}
    assert all(name in Session().get_service_model(service).shape_names for service, name in errors.items())


def test_the_descriptions_are_those_whose_day_is_written_here() -> None:
    assert version("botocore") == VERSION, f"write the new version and its day into {Path(__file__).name}"


@pytest.mark.nightly
def test_the_descriptions_are_younger_than_a_year() -> None:
    age = datetime.now(UTC).date() - OF
    assert age < timedelta(days=365), f"botocore {VERSION} is {age.days} days old: make requirements UPGRADE=1"
