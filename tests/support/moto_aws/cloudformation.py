"""moto's CloudFormation, with SAM's translation and what our template needs besides.

Everything heavy is imported where it is used, because every process of a distributed run imports every test.
"""

import contextlib
import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.moto_aws import database
from tests.support.moto_aws.resources import REGION, kinds
from tests.support.moto_aws.templates import quick_translator


def translated(template: dict[str, Any]) -> dict[str, Any]:
    """A SAM template as AWS translates it for CloudFormation. Any other template is returned as it is."""
    if "Transform" not in template:
        return template
    found: dict[str, Any] = json.loads(_translation(json.dumps(template)))
    return found


@functools.cache
def _translation(text: str) -> str:
    """The translation as text, since to copy the translator's own dictionaries takes long."""
    import boto3
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    # The template names no managed policy, so none is looked up.
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    with quick_translator():
        return json.dumps(translator.translate(json.loads(text), {}))


@contextlib.contextmanager
def extended_cloudformation() -> Iterator[None]:
    """Extend moto's CloudFormation by what our deployment relies on, and our kinds of resources."""
    from moto.cloudformation import models, parsing
    from moto.cloudformation.responses import CloudFormationResponse
    from moto.iam.models import Role

    kinds()
    parse, clean, apply = models.Stack.parse_template, parsing.clean_json, models.ChangeSet.apply

    def parsed(template: str) -> dict[str, Any]:
        return translated(parse(template))

    def parse_change_set(change_set: models.ChangeSet) -> None:
        change_set.template_dict = parsed(change_set.template)

    def applied(change_set: models.ChangeSet) -> None:
        # moto forgets the outputs and parameters of the change set.
        apply(change_set)
        change_set.stack.template_dict = change_set.template_dict
        change_set.stack.output_map = change_set.stack._create_output_map()
        change_set.stack.parameters = change_set.parameters

    def cleaned(value: Any, resources: Any) -> Any:
        # AWS::NoValue leaves no empty place in a list.
        if isinstance(value, list):
            return [each for each in (cleaned(each, resources) for each in value) if each is not None]
        # moto takes an attribute whose name has a dot, in the short form, for two.
        if isinstance(value, dict) and len(value.get("Fn::GetAtt", ())) > 2:
            name, *attribute = value["Fn::GetAtt"]
            value = {"Fn::GetAtt": [name, ".".join(attribute)]}
        return clean(value, resources)

    def differing(old: Any, other: dict[str, Any], parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        # A resource changes with a condition in it too.
        found = differ(old, other, parameters)
        changed = [name for name, value in (parameters or {}).items() if old.input_parameters.get(name) != value]
        conditions = [
            name
            for name, condition in other.get("Conditions", {}).items()
            if any(f'"Ref": "{parameter}"' in json.dumps(condition) for parameter in changed)
        ]
        for name, resource in other["Resources"].items():
            text = json.dumps(resource)
            is_known = name in [*found["Add"], *found["Modify"]]
            if not is_known and any(f'"Fn::If": ["{condition}"' in text for condition in conditions):
                found["Modify"].append(name)
        return found

    def stored(response: CloudFormationResponse, url: str) -> str:
        # moto finds a bucket in the URL of this name alone.
        return str(found_in_bucket(response, url.replace("127.0.0.1", "localhost")))

    differ = parsing.ResourceMap.build_resource_diff
    found_in_bucket = CloudFormationResponse._get_stack_from_s3_url
    for function in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        function.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.Stack, "parse_template", staticmethod(parsed))
        patch.setattr(models.ChangeSet, "_parse_template", parse_change_set)
        patch.setattr(models.ChangeSet, "apply", applied)
        patch.setattr(parsing, "clean_json", cleaned)
        patch.setattr(parsing.ResourceMap, "build_resource_diff", differing)
        patch.setattr(CloudFormationResponse, "_get_stack_from_s3_url", stored)
        patch.setattr(Role, "update_from_cloudformation_json", staticmethod(_update_role))
        database.extend(patch)
        # A change set without changes is made, and says so afterwards, as on AWS.
        patch.setattr(CloudFormationResponse, "_validate_different_update", lambda *_: None)
        yield


def _update_role(original_resource: Any, cloudformation_json: dict[str, Any], **_: Any) -> Any:
    for policy in cloudformation_json["Properties"]["Policies"]:
        original_resource.put_policy(policy["PolicyName"], policy["PolicyDocument"])
    return original_resource
