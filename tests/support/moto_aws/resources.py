"""The kinds of resources that our template has and moto's CloudFormation does not know.

Each kind is made through moto's own API of its service, whose client rejects a property that does not exist.
"""

import functools
import json
from collections.abc import Callable
from typing import Any

# No other test has anything in this region.
REGION = "eu-central-1"


@functools.cache
def client(service: str, region: str | None = None) -> Any:
    import boto3

    return boto3.client(service, region_name=region)  # type: ignore[call-overload]


def _api(properties: dict[str, Any]) -> str:
    # moto has no import_api.
    name = properties["Body"]["info"]["title"]
    made = str(client("apigatewayv2").create_api(Name=name, ProtocolType="HTTP")["ApiId"])
    _import(made, properties)
    return made


def _import(identity: str, properties: dict[str, Any]) -> None:
    client("apigatewayv2").reimport_api(ApiId=identity, Body=json.dumps(properties["Body"]))


def _stage(properties: dict[str, Any]) -> str:
    return str(client("apigatewayv2").create_stage(**properties)["StageName"])


def _schedule(properties: dict[str, Any]) -> str:
    client("scheduler").create_schedule(**properties)
    return str(properties["Name"])


def _invoke_config(properties: dict[str, Any]) -> str:
    client("lambda").put_function_event_invoke_config(**properties)
    return str(properties["FunctionName"])


def _alarm(properties: dict[str, Any]) -> str:
    client("cloudwatch").put_metric_alarm(**properties)
    return str(properties["AlarmName"])


def _nothing(*_: Any) -> None:
    pass


def _kind(name: str, make: Callable[[dict[str, Any]], str], remake: Any, delete: Any) -> type:
    """A kind of resource. moto finds its kinds as the direct subclasses of CloudFormationModel."""
    from moto.core.common_models import CloudFormationModel

    def create(_: str, json: dict[str, Any], *__: Any, **___: Any) -> Any:
        return kind(make(json["Properties"]))

    def update(original_resource: Any, cloudformation_json: dict[str, Any], **_: Any) -> Any:
        remake(original_resource.identity, cloudformation_json["Properties"])
        return kind(original_resource.identity)

    parts = {
        "__init__": lambda self, identity: setattr(self, "identity", identity),
        "physical_resource_id": property(lambda self: self.identity),
        "delete": lambda self, *_: delete(self.identity),
        "cloudformation_type": staticmethod(lambda: name),
        "cloudformation_name_type": staticmethod(lambda: ""),
        "create_from_cloudformation_json": staticmethod(create),
        "update_from_cloudformation_json": staticmethod(update),
    }
    kind: Any = type(name.replace("::", ""), (CloudFormationModel,), parts)
    return kind  # type: ignore[no-any-return]


@functools.cache
def kinds() -> list[type]:
    # Keep the classes: moto finds them only while something refers to them.
    return [
        _kind(
            "AWS::ApiGatewayV2::Api",
            _api,
            _import,
            lambda identity: client("apigatewayv2").delete_api(ApiId=identity),
        ),
        _kind("AWS::ApiGatewayV2::Stage", _stage, _nothing, _nothing),
        _kind(
            "AWS::Scheduler::Schedule",
            _schedule,
            lambda _, new: client("scheduler").update_schedule(**new),
            lambda identity: client("scheduler").delete_schedule(Name=identity),
        ),
        _kind("AWS::Lambda::EventInvokeConfig", _invoke_config, lambda _, new: _invoke_config(new), _nothing),
        _kind(
            "AWS::CloudWatch::Alarm",
            _alarm,
            lambda _, new: _alarm(new),
            lambda identity: client("cloudwatch").delete_alarms(AlarmNames=[identity]),
        ),
    ]
