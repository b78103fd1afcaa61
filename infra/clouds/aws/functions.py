"""The functions in the template: the size of each, its environment, and its permissions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dotenv import dotenv_values

from infra.clouds.aws.parameters import names_parameter, readable_parameter
from infra.clouds.aws.target import camel, dashed, groups_of, id_of, parameter_of
from infra.clouds.function_env import is_for
from infra.table import Row, backend, claims, rows
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
# Whether a deployment of an older version has stored secrets that its functions read until this one is done.
HAS_OLD_SECRETS = "HasOldSecrets"


@dataclass(frozen=True)
class Size:
    """A function's resources. Its share of a processor grows with its memory: 1769 MB mean a whole processor."""

    memory_mb: int = 512
    timeout_seconds: int = API_SECONDS


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
    return Size(timeout_seconds=row.longest or API_SECONDS)


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


def resources(row: Row, more: list[dict[str, Any]], variables: dict[str, Any]) -> Resources:
    """A function with its role and its log. ``more``: further permissions; ``variables``: further variables."""
    name = id_of(row)
    size = size_of(row)
    properties: dict[str, Any] = {
        "FunctionName": function_name(row),
        "Description": _description(row),
        "MemorySize": size.memory_mb,
        "Timeout": size.timeout_seconds,
        "Role": {"Fn::GetAtt": [f"{name}Role", "Arn"]},
        "Environment": {"Variables": environment(row) | variables},
    }
    if row.every is None:
        properties["Events"] = _routes(row)
    else:
        # Without it, Lambda would silently drop a call that waited too long for an instance. It has failed runs too.
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
    # The names have versions: if a secret changes, they do, and Lambda replaces the instances that have read it.
    names = [{"Ref": names_parameter(group)} for group in groups_of(row)]
    variables["SECRET_NAMES"] = {"Fn::Join": [" ", names]}
    if row.sends:
        # The handler reads it here, because reading the table would cost each cold start two milliseconds.
        variables["SENDS"] = row.sends
    if "agent" in row.needs:
        # Only /tmp can be written, and it lives no longer than the instance.
        variables |= {"BACKEND_URL": url(), "SPOOL_DIR": "/tmp"}  # noqa: S108
        # It reports to these functions directly: through the API, each report would cost as much as five calls of them.
        variables |= {"EVENTS_FUNCTION": function_name(backend()), "CLAIM_FUNCTION": function_name(claims())}
    return variables


def function_name(row: Row) -> dict[str, Any]:
    """A function's name, which needs no reference to its resource."""
    return {"Fn::Sub": f"${{AWS::StackName}}-{dashed(row)}"}


def function_arn(row: Row) -> dict[str, Any]:
    """A function's ARN, which needs no reference to its resource."""
    place = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}"
    return {"Fn::Sub": f"{place}-{dashed(row)}"}


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
    for number, path in enumerate(row.below, start=1):
        # The API prefers a route with the request's whole path, and then this one to its default route:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
        below = {"Method": "ANY", "Path": f"{path}/{{proxy+}}"}
        found[f"Below{number}"] = {"Type": "HttpApi", "Properties": {**api, **below}}
    if row.name == FOR_UNROUTED:
        # Without a path, it is the API's default route.
        found["Unrouted"] = {"Type": "HttpApi", "Properties": api}
    return found


def _permissions(row: Row) -> Iterator[dict[str, Any]]:
    yield allow(["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": [f"{id_of(row)}Log", "Arn"]})
    # They are encrypted with the account's key of Systems Manager, whose policy lets in whoever may read them:
    # https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
    for group in groups_of(row):
        yield _if(has_readable(group), allow(["ssm:GetParameters"], {"Ref": readable_parameter(group)}))
    # Secrets Manager adds six characters of its own to a name.
    place = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${AWS::StackName}"
    secrets = [{"Fn::Sub": f"{place}/{group}-??????"} for group in groups_of(row)]
    yield _if(HAS_OLD_SECRETS, allow(["secretsmanager:GetSecretValue"], secrets))
    if row.every is not None:
        yield allow(["sqs:SendMessage"], {"Fn::GetAtt": [DEAD_LETTERS, "Arn"]})
    if "agent" in row.needs:
        yield allow(["lambda:InvokeFunction"], [function_arn(backend()), function_arn(claims())])
    if is_for(row, channels.JSON):
        for needed in needed_by_channels():
            send = allow([needed.permission.action], {"Ref": needed.parameter})
            yield _if(f"Has{needed.parameter}", send)


def has_readable(group: str) -> str:
    """The condition under which there is something that a group's functions may read."""
    return f"Has{readable_parameter(group)}"


def _if(condition: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"Fn::If": [condition, value, {"Ref": "AWS::NoValue"}]}
