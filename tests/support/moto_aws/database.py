"""moto's RDS as CloudFormation makes it from our template, with what moto does not know of it."""

import re
from typing import Any

import pytest

from infra.clouds.aws.database import authorities
from tests.support.moto_aws.resources import REGION, client

_RESOLVE = re.compile(r"\{\{resolve:ssm-secure:([^:}]+)\}\}")


def extend(patch: pytest.MonkeyPatch) -> None:
    """Make instances through RDS itself, whose client rejects an unknown property, and delete them by their policy."""
    from moto.core.responses import ActionResult
    from moto.rds.models import DBInstance, rds_backends
    from moto.rds.responses import RDSResponse

    from tests.support.moto_aws import ACCOUNT

    def backend() -> Any:
        return rds_backends[ACCOUNT][REGION]

    def create(_: str, cloudformation_json: dict[str, Any], *__: Any, **___: Any) -> Any:
        properties = dict(cloudformation_json["Properties"])
        # The two that CloudFormation names or writes otherwise.
        properties["VpcSecurityGroupIds"] = properties.pop("VPCSecurityGroups")
        properties["AllocatedStorage"] = int(properties["AllocatedStorage"])
        # moto hands its own object on, because it has no name for such a group.
        properties["DBParameterGroupName"] = properties["DBParameterGroupName"].name
        properties["MasterUserPassword"] = _RESOLVE.sub(_secure, properties["MasterUserPassword"])
        client("rds").create_db_instance(**properties)
        instance = backend().databases[properties["DBInstanceIdentifier"]]
        instance.deletion_policy = cloudformation_json.get("DeletionPolicy")
        return instance

    def delete(instance: Any, *_: Any) -> None:
        name = instance.db_instance_identifier
        last = f"{name}-last" if instance.deletion_policy == "Snapshot" else None
        backend().delete_db_instance(name, final_db_snapshot_identifier=last)

    def describe_certificates(response: Any) -> Any:
        name = response.params["CertificateIdentifier"]
        found = {"CertificateIdentifier": name, "Thumbprint": authorities.thumbprints()[REGION]}
        return ActionResult({"Certificates": [found]})

    patch.setattr(DBInstance, "create_from_cloudformation_json", staticmethod(create))
    patch.setattr(DBInstance, "delete", delete)
    patch.setattr(RDSResponse, "describe_certificates", describe_certificates, raising=False)


def _secure(found: re.Match[str]) -> str:
    return str(client("ssm").get_parameter(Name=found[1], WithDecryption=True)["Parameter"]["Value"])
