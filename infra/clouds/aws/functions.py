"""The functions in the template: the size of each, its environment, and its permissions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dotenv import dotenv_values

from infra.clouds.aws.target import OPTIONAL_GROUPS, camel, dashed, groups_of, id_of, parameter_of
from infra.clouds.function_env import is_for
from infra.table import Row, rows
from shared import ROOT, channels
from shared.notifiers import Permission, kind_named, kinds
from shared.settings.secrets import is_secret

Resources = dict[str, dict[str, Any]]

LOG_DAYS = 30
# Characters. Lambda refuses more.
MOST_OF_DESCRIPTION = 256
DEAD_LETTERS = "DeadLetters"
# The longest that the API waits.
API_SECONDS = 30
# The function that also responds to requests without a route: it reads nothing but the API key.
FOR_UNROUTED = "describe_api"


@dataclass(frozen=True)
class Size:
    """A function's resources. Its share of a processor grows with its memory: 1769 MB mean a whole processor."""

    memory_mb: int = 512
    timeout_seconds: int = API_SECONDS


SIZES = {
    "check_monitors": Size(timeout_seconds=300),
    "deliver_notifications": Size(timeout_seconds=300),
}


@dataclass(frozen=True)
class NeededByChannels:
    """The permission that a kind of channel needs, and the template's parameter that names the resources.

    ``is_list``: those of the channels in CHANNELS; otherwise the one of the channel that has variables of its own.
    """

    kind: str
    permission: Permission
    parameter: str
    is_list: bool


def needed_by_channels() -> Iterator[NeededByChannels]:
    """The permission that each kind of channel needs."""
    for kind in kinds():
        permission = kind_named(kind).permission_on_aws
        if permission is not None:
            if kind in channels.FROM_VARIABLES:
                variable = channels.FROM_VARIABLES[kind][permission.field]
                yield NeededByChannels(kind, permission, camel(variable), is_list=False)
            yield NeededByChannels(kind, permission, f"{camel(kind)}InChannels", is_list=True)


def size_of(row: Row) -> Size:
    """A function's resources."""
    return SIZES.get(row.name, Size())


def plain_settings() -> list[str]:
    """The settings that are parameters of the template: all that a function reads, except secrets."""
    names = dotenv_values(ROOT / ".env.example", interpolate=False)
    return [name for name in names if not is_secret(name, "") and any(is_for(row, name) for row in rows())]


def every_function() -> dict[str, Any]:
    """The properties that all functions share."""
    return {
        "Runtime": {"Ref": "Runtime"},
        "Architectures": ["arm64"],
        "Handler": "infra.clouds.aws.handler.handler",
        "CodeUri": {"Bucket": {"Ref": "CodeBucket"}, "Key": {"Ref": "CodeKey"}},
        # A late check says nothing, and the next run tries what is still owed again.
        "EventInvokeConfig": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
    }


def resources(row: Row, more: list[dict[str, Any]]) -> Resources:
    """A function with its role and its log. ``more``: further permissions."""
    name = id_of(row)
    size = size_of(row)
    properties: dict[str, Any] = {
        "FunctionName": {"Fn::Sub": f"${{AWS::StackName}}-{dashed(row)}"},
        "Description": _description(row),
        "MemorySize": size.memory_mb,
        "Timeout": size.timeout_seconds,
        "Role": {"Fn::GetAtt": [f"{name}Role", "Arn"]},
        "Environment": {"Variables": environment(row)},
    }
    if row.every is None:
        properties["Events"] = _routes(row)
    else:
        destination = {"Type": "SQS", "Destination": {"Fn::GetAtt": [DEAD_LETTERS, "Arn"]}}
        properties["EventInvokeConfig"] = {"DestinationConfig": {"OnFailure": destination}}
    log = {"LogGroupName": {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{dashed(row)}"}, "RetentionInDays": LOG_DAYS}
    statements = [*_permissions(row), *more]
    return {
        name: {"Type": "AWS::Serverless::Function", "Properties": properties},
        f"{name}Role": {"Type": "AWS::IAM::Role", "Properties": role("lambda.amazonaws.com", statements)},
        f"{name}Log": {"Type": "AWS::Logs::LogGroup", "Properties": log},
    }


def _description(row: Row) -> str:
    """Its routes, as far as Lambda has room for them."""
    if len(row.call) <= MOST_OF_DESCRIPTION:
        return row.call
    return f"{row.call[: MOST_OF_DESCRIPTION - 3].rpartition(', ')[0]}, …"


def environment(row: Row) -> dict[str, Any]:
    """A function's environment."""
    variables: dict[str, Any] = {name: {"Ref": parameter_of(name)} for name in plain_settings() if is_for(row, name)}
    variables |= {"FUNCTION_TARGET": row.name, "API_AUTH": "all"}
    names = [
        {"Fn::If": [f"Has{camel(group)}Secret", _secret(group), {"Ref": "AWS::NoValue"}]}
        if group in OPTIONAL_GROUPS
        else _secret(group)
        for group in groups_of(row)
    ]
    variables["SECRET_NAMES"] = {"Fn::Join": [" ", names]}
    if row.sends:
        # The handler reads it here, because reading the table would cost each cold start two milliseconds.
        variables["SENDS"] = row.sends
    # If it changes, Lambda replaces the instances that have read the old secrets.
    variables["SECRETS_DIGEST"] = {"Ref": "SecretsDigest"}
    if "agent" in row.needs:
        # Only /tmp can be written, and it lives no longer than the instance.
        variables |= {"BACKEND_URL": url(), "SPOOL_DIR": "/tmp"}  # noqa: S108
    return variables


def url() -> dict[str, Any]:
    """The public URL."""
    return {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}


def role(principal: str, statements: list[dict[str, Any]], **condition: Any) -> dict[str, Any]:
    """A role that ``principal`` may assume, and that allows only the statements."""
    taking = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole", **condition}
    policy = {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
    return {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [taking]}, "Policies": [policy]}


def allow(actions: list[str], resource: Any) -> dict[str, Any]:
    """One statement of a policy."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _routes(row: Row) -> dict[str, Any]:
    api = {"ApiId": {"Ref": "Api"}, "PayloadFormatVersion": "2.0"}
    found: dict[str, Any] = {}
    for route in row.routes:
        # Names that are unique in the function: a function with one route needs no other.
        name, head = ("Route", "Head") if len(row.routes) == 1 else (camel(route.name), f"{camel(route.name)}Head")
        # GET means HEAD too, which the API treats as another route.
        methods = {name: route.method} | ({head: "HEAD"} if route.method == "GET" else {})
        for name, method in methods.items():
            found[name] = {"Type": "HttpApi", "Properties": {**api, "Method": method, "Path": route.braced}}
    if row.name == FOR_UNROUTED:
        # Without a path, it is the API's default route.
        found["Unrouted"] = {"Type": "HttpApi", "Properties": api}
    return found


def _permissions(row: Row) -> Iterator[dict[str, Any]]:
    yield allow(["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": [f"{id_of(row)}Log", "Arn"]})
    # Secrets Manager adds six characters of its own to a name.
    place = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${AWS::StackName}"
    secrets = [{"Fn::Sub": f"{place}/{group}-??????"} for group in groups_of(row)]
    yield allow(["secretsmanager:GetSecretValue"], secrets)
    if row.every is not None:
        yield allow(["sqs:SendMessage"], {"Fn::GetAtt": [DEAD_LETTERS, "Arn"]})
    if is_for(row, channels.JSON):
        for needed in needed_by_channels():
            send = allow([needed.permission.action], {"Ref": needed.parameter})
            yield {"Fn::If": [f"Has{needed.parameter}", send, {"Ref": "AWS::NoValue"}]}


def _secret(group: str) -> dict[str, Any]:
    return {"Fn::Sub": f"${{AWS::StackName}}/{group}"}
