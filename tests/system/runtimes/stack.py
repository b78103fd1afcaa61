"""A stack as CloudFormation makes it: the translated template with every reference resolved, and no cloud."""

import functools
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.moto_aws.templates import quick_translator, read_for_sam

# Numbers and names as AWS gives them.
ACCOUNT = "123456789012"
API_ID = "a1b2c3d4e5"
_NO_VALUE = object()


class Stack:
    """The resources of a stack with these parameters, by their logical names."""

    def __init__(self, template: Path, name: str, region: str, parameters: Mapping[str, str]) -> None:
        self.name, self.region = name, region
        self._template = translated(template.read_text(encoding="utf-8"), region)
        declared = self._template["Parameters"]
        assert set(parameters) <= set(declared), "CloudFormation refuses what the template does not declare"
        self._parameters = {key: str(each["Default"]) for key, each in declared.items() if "Default" in each}
        self._parameters |= parameters
        assert set(declared) == set(self._parameters), "CloudFormation refuses a parameter without a value"

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of every resource of a type, by its logical name."""
        return {
            name: self.resolved(each.get("Properties", {}))
            for name, each in self._template["Resources"].items()
            if each["Type"] == kind and self._holds(each.get("Condition"))
        }

    def output(self, name: str) -> str:
        """The value of one of the stack's outputs."""
        return str(self.resolved(self._template["Outputs"][name]["Value"]))

    def arn(self, resource: str) -> str:
        """The ARN of a resource, by its logical name."""
        return self._attribute(resource, "Arn")

    def resolved(self, value: Any) -> Any:
        """The value with every reference in it replaced by what it refers to."""
        if isinstance(value, list):
            return [each for each in map(self.resolved, value) if each is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._function(name, argument)
        found = {key: self.resolved(each) for key, each in value.items()}
        return {key: each for key, each in found.items() if each is not _NO_VALUE}

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return self._ref(argument)
            case "Fn::GetAtt":
                return self._attribute(*argument)
            case "Fn::Sub":
                return re.sub(r"\$\{([^}]+)\}", lambda found: str(self._named(found[1])), argument)
            case "Fn::Join":
                return argument[0].join(self.resolved(argument[1]))
            case "Fn::If":
                return self.resolved(argument[1 if self._holds(argument[0]) else 2])
        raise AssertionError(f"{name} is not known here")

    def _holds(self, condition: Any) -> bool:
        if condition is None:
            return True
        if isinstance(condition, str):
            return self._holds(self._template["Conditions"][condition])
        [(name, argument)] = condition.items()
        match name:
            case "Fn::Equals":
                return bool(self.resolved(argument[0]) == self.resolved(argument[1]))
            case "Fn::Not":
                return not self._holds(argument[0])
        raise AssertionError(f"{name} is not known here")

    def _named(self, name: str) -> Any:
        resource, dot, attribute = name.partition(".")
        return self._attribute(resource, attribute) if dot else self._ref(name)

    def _ref(self, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::NoValue": _NO_VALUE,
            "AWS::Partition": "aws",
            "AWS::Region": self.region,
            "AWS::StackName": self.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name in pseudo or name in self._parameters:
            return pseudo.get(name, self._parameters.get(name))
        resource = self._template["Resources"][name]
        match resource["Type"]:
            case "AWS::Lambda::Function":
                return self.resolved(resource["Properties"]["FunctionName"])
            case "AWS::SQS::Queue":
                return f"https://sqs.{self.region}.amazonaws.com/{ACCOUNT}/{self.name}-{name}-1A2B3C4D"
            case "AWS::ApiGatewayV2::Api":
                return API_ID
        return f"{self.name}-{name}"

    def _attribute(self, name: str, attribute: str) -> str:
        resource = self._template["Resources"][name]
        place = f"{self.region}:{ACCOUNT}"
        match resource["Type"], attribute:
            case "AWS::Lambda::Function", "Arn":
                return f"arn:aws:lambda:{place}:function:{self._ref(name)}"
            case "AWS::SQS::Queue", "QueueName":
                return str(self._ref(name).rpartition("/")[2])
            case "AWS::SQS::Queue", "Arn":
                return f"arn:aws:sqs:{place}:{self._ref(name).rpartition('/')[2]}"
        return f"{self.name}-{name}.{attribute}"


@functools.cache
def translated(template: str, region: str) -> dict[str, Any]:
    """A SAM template as CloudFormation translates it, which takes seconds. Nobody changes what is returned."""
    # Imported here, because every process of a distributed run imports this file only to collect the tests.
    from samtranslator.translator.transform import transform

    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = region
    try:
        with quick_translator():
            found: dict[str, Any] = transform(read_for_sam(template), {}, _NoPolicies())
    finally:
        if before is None:
            del os.environ["AWS_DEFAULT_REGION"]
        else:
            os.environ["AWS_DEFAULT_REGION"] = before
    return found


class _NoPolicies:
    """A loader of AWS's managed policies. The template uses none."""

    def load(self) -> dict[str, str]:
        return {}
