"""``template.yaml``, made from the table of functions: ``python -m infra.clouds.aws template`` writes it."""

from pathlib import Path
from typing import Any

from infra.clouds.aws import functions, schedules
from infra.clouds.aws.as_yaml import lines
from infra.clouds.aws.functions import DEAD_LETTERS, Resources, needed_by_channels, plain_settings
from infra.clouds.aws.package import VERSIONS
from infra.clouds.aws.parameters import names_parameter, readable_parameter
from infra.clouds.aws.target import GROUPS, id_of, parameter_of
from infra.table import rows
from shared import __version__
from shared.settings import Settings

FILE = Path(__file__).with_name("template.yaml")
# The requests that the API lets through in a second, and in one burst: this limits the price. It does not limit how
# many functions run at once, which depends on how long they take.
REQUESTS_PER_SECOND = 20
_HEAD = "# Made from infra/functions.toml by `python -m infra.clouds.aws template`: do not edit it by hand.\n"


def document() -> dict[str, Any]:
    """The template."""
    resources: Resources = {}
    for row in rows():
        resources |= functions.resources(row, schedules.queue_permissions(row), schedules.variables(row))
    for row in schedules.scheduled():
        resources |= schedules.resources(row)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": f"Bonghwa {__version__}: watches web services and notifies people when they fail and recover",
        "Parameters": _parameters(),
        "Conditions": _conditions(),
        "Globals": {"Function": functions.every_function()},
        "Resources": {**resources, **schedules.scheduler_role(), **_api(), **_dead_letters(), **_alarms()},
        "Outputs": {
            "Url": {"Description": "Where it responds, with the API key", "Value": functions.url()},
            "AlarmTopic": {"Description": "Where the alarms go", "Value": {"Ref": "AlarmTopic"}},
        },
    }


def _parameters() -> dict[str, Any]:
    found: dict[str, Any] = {
        "CodeBucket": {"Type": "String", "Description": "the bucket with the zip"},
        "CodeKey": {"Type": "String", "Description": "the zip's key there"},
        "Runtime": _choice("what the zip is for", [f"python{version}" for version in VERSIONS]),
        "AlarmEmail": {"Type": "String", "Default": "", "Description": "who gets the alarms, or nobody"},
    }
    about = "whether functions of an older version read Secrets Manager until this is done"
    found[functions.HAS_OLD_SECRETS] = _choice(about, ["false", "true"])
    for group in GROUPS:
        about = f"the parameters, with versions, that hold the secret of {group}"
        found[names_parameter(group)] = {"Type": "String", "Default": "", "Description": about}
        about = f"what the functions that read the secret of {group} may read"
        found[readable_parameter(group)] = {"Type": "CommaDelimitedList", "Default": "", "Description": about}
    for row in filter(schedules.has_setting, schedules.scheduled()):
        defaults = schedules.parameters(row, Settings.from_env({}))
        line, half_minutes = defaults.values()
        about = f"when {row.name} is called, a cron line in UTC"
        found[f"{id_of(row)}Cron"] = {"Type": "String", "Default": line, "Description": about}
        about = f"whether {row.name} is called again half a minute later"
        found[f"{id_of(row)}HalfMinutes"] = _choice(
            about, sorted(["false", "true"], key=lambda value: value != half_minutes)
        )
    for setting in plain_settings():
        found[parameter_of(setting)] = {"Type": "String", "Default": "", "Description": f"the setting {setting}"}
    for needed in filter(lambda needed: needed.is_list, needed_by_channels()):
        about = f"what the channels of kind {needed.kind} in CHANNELS send to"
        found[needed.parameter] = {"Type": "CommaDelimitedList", "Default": "", "Description": about}
    return found


def _choice(about: str, values: list[str]) -> dict[str, Any]:
    """A parameter that has one of these values, by default the first."""
    return {"Type": "String", "AllowedValues": values, "Default": values[0], "Description": about}


def _conditions() -> dict[str, Any]:
    is_true = [functions.HAS_OLD_SECRETS]
    is_true += [f"{id_of(row)}HalfMinutes" for row in schedules.scheduled() if schedules.has_setting(row)]
    is_given: dict[str, Any] = {"HasAlarmEmail": {"Ref": "AlarmEmail"}}
    for needed in needed_by_channels():
        value = {"Ref": needed.parameter}
        is_given[f"Has{needed.parameter}"] = {"Fn::Join": ["", value]} if needed.is_list else value
    for group in GROUPS:
        is_given[functions.has_readable(group)] = {"Fn::Join": ["", {"Ref": readable_parameter(group)}]}
    return {name: {"Fn::Equals": [{"Ref": name}, "true"]} for name in is_true} | {
        name: {"Fn::Not": [{"Fn::Equals": [value, ""]}]} for name, value in is_given.items()
    }


def _api() -> Resources:
    limits = {"ThrottlingRateLimit": REQUESTS_PER_SECOND, "ThrottlingBurstLimit": REQUESTS_PER_SECOND}
    properties = {"Name": {"Ref": "AWS::StackName"}, "StageName": "$default", "DefaultRouteSettings": limits}
    return {"Api": {"Type": "AWS::Serverless::HttpApi", "Properties": properties}}


def _dead_letters() -> Resources:
    properties = {
        # The alarm ends with the last of them: who has not seen it in a day has the functions' own alarms.
        "MessageRetentionPeriod": 86_400,
        "SqsManagedSseEnabled": True,
    }
    return {DEAD_LETTERS: {"Type": "AWS::SQS::Queue", "Properties": properties}}


def _alarms() -> Resources:
    """The alarms of AWS itself: for bad responses, failed runs, and events that never reached their function."""
    mail = {"Endpoint": {"Ref": "AlarmEmail"}, "Protocol": "email"}
    topic = {
        "TopicName": {"Fn::Sub": "${AWS::StackName}-alarms"},
        "Subscription": {"Fn::If": ["HasAlarmEmail", [mail], {"Ref": "AWS::NoValue"}]},
    }
    queue = {"Fn::GetAtt": [DEAD_LETTERS, "QueueName"]}
    found = {
        "AlarmTopic": {"Type": "AWS::SNS::Topic", "Properties": topic},
        # If a function fails, its caller gets 500 or 503.
        "ApiAlarm": _alarm("-api", "AWS/ApiGateway", "5xx", "Sum", ("ApiId", {"Ref": "Api"})),
        "DeadLettersAlarm": _alarm(
            "-dead-letters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", ("QueueName", queue)
        ),
    }
    for row in schedules.scheduled():
        function = ("FunctionName", {"Ref": id_of(row)})
        suffix = f"-{row.name.replace('_', '-')}"
        found[f"{id_of(row)}Alarm"] = _alarm(suffix, "AWS/Lambda", "Errors", "Sum", function)
    return found


def _alarm(suffix: str, namespace: str, metric: str, statistic: str, dimension: tuple[str, Any]) -> dict[str, Any]:
    name, value = dimension
    properties = {
        "AlarmName": {"Fn::Sub": f"${{AWS::StackName}}{suffix}"},
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": [{"Name": name, "Value": value}],
        "Statistic": statistic,
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [{"Ref": "AlarmTopic"}],
        "OKActions": [{"Ref": "AlarmTopic"}],
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def text() -> str:
    """The file's text."""
    return _HEAD + "".join(f"{line}\n" for line in lines(document()))
