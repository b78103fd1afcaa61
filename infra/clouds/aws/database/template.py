"""``template.yaml`` beside this file: ``python -m infra.clouds.aws template`` writes it.

The functions are outside every private network, since within one they would need a NAT gateway to check anything, for
some 33 dollars a month. The database therefore has a public address. It takes nothing but TLS, the functions check its
certificate and name, and its password has 256 random bits.
"""

from pathlib import Path
from typing import Any

from infra.clouds.aws.as_yaml import lines
from infra.clouds.aws.target import STACK as MAIN_STACK
from shared import __version__

FILE = Path(__file__).with_name("template.yaml")
STACK = f"{MAIN_STACK}-database"
PASSWORD = f"/{STACK}/password"
USER = DATABASE = MAIN_STACK
MAJOR = "17"
INSTANCE_CLASS = "db.t4g.micro"
STORAGE_GB, MAX_STORAGE_GB = 20, 100
BACKUP_DAYS = 7
AUTHORITY = "rds-ca-rsa2048-g1"
_HEAD = "# Made by `python -m infra.clouds.aws template`: do not edit it by hand.\n"


def document() -> dict[str, Any]:
    """The template."""
    # It outlives its stack as a snapshot, which nobody but a person deletes.
    instance = {
        "Type": "AWS::RDS::DBInstance",
        "DeletionPolicy": "Snapshot",
        "UpdateReplacePolicy": "Snapshot",
        "Properties": _instance(),
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Bonghwa {__version__}: the database",
        "Resources": {
            "Database": instance,
            "OnlyTls": {"Type": "AWS::RDS::DBParameterGroup", "Properties": _only_tls()},
            "Door": {"Type": "AWS::EC2::SecurityGroup", "Properties": _door()},
        },
        "Outputs": {
            "Host": {"Description": "where it listens", "Value": {"Fn::GetAtt": ["Database", "Endpoint.Address"]}},
        },
    }


def _instance() -> dict[str, Any]:
    return {
        "DBInstanceIdentifier": {"Ref": "AWS::StackName"},
        "DBInstanceClass": INSTANCE_CLASS,
        "Engine": "postgres",
        "EngineVersion": MAJOR,
        "AutoMinorVersionUpgrade": True,
        "DBName": DATABASE,
        "MasterUsername": USER,
        # CloudFormation reads it when it makes the instance, and keeps no more of it than this.
        "MasterUserPassword": f"{{{{resolve:ssm-secure:{PASSWORD}}}}}",
        "AllocatedStorage": str(STORAGE_GB),
        "MaxAllocatedStorage": MAX_STORAGE_GB,
        "StorageType": "gp3",
        "StorageEncrypted": True,
        "MultiAZ": False,
        "BackupRetentionPeriod": BACKUP_DAYS,
        "CopyTagsToSnapshot": True,
        "DeletionProtection": True,
        "PubliclyAccessible": True,
        "VPCSecurityGroups": [{"Fn::GetAtt": ["Door", "GroupId"]}],
        "DBParameterGroupName": {"Ref": "OnlyTls"},
        "CACertificateIdentifier": AUTHORITY,
    }


def _only_tls() -> dict[str, Any]:
    parameters = {"rds.force_ssl": "1"}
    return {"Description": "only TLS", "Family": f"postgres{MAJOR}", "Parameters": parameters}


def _door() -> dict[str, Any]:
    # Functions outside a network have no addresses of their own that it could name.
    about = "functions, which may come from any address"
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "0.0.0.0/0", "Description": about}
    return {"GroupDescription": "PostgreSQL, with TLS and a password", "SecurityGroupIngress": [rule]}


def text() -> str:
    """The file's text."""
    return _HEAD + "".join(f"{line}\n" for line in lines(document()))
