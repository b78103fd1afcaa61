"""A stand-in for AWS on 127.0.0.1: moto's server, a CloudFormation that makes our template, and the ``aws`` program."""

from tests.support.moto_aws.cloud import Call, Cloud
from tests.support.moto_aws.cloudformation import translated
from tests.support.moto_aws.refusals import Refusals
from tests.support.moto_aws.resources import REGION

ACCOUNT = "123456789012"

__all__ = ["ACCOUNT", "REGION", "Call", "Cloud", "Refusals", "translated"]
