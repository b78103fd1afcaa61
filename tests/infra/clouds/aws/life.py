"""A deployment on AWS from its beginning to its end, through the real ``aws`` program."""

import ast
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.clouds.aws.parameter_store import read_secrets
from infra.clouds.aws.target import Place, dashed
from infra.table import Row, rows
from shared import ROOT
from tests.infra.clouds.deployer import CALLED, USUAL_SECRETS, USUAL_SETTINGS, Deployer, Step, manual
from tests.support.moto_aws import ACCOUNT, REGION, Call, Cloud

Steps = dict[str, Step[Call]]
PLACE = Place(ACCOUNT, REGION)
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:told"
TOPICS = [f"arn:aws:sns:{REGION}:{ACCOUNT}:first", f"arn:aws:sns:{REGION}:{ACCOUNT}:second.fifo"]
CHANNELS = {
    "night": {
        "kind": "telegram",
        "bot_token": "123456:AAtoken-of-another-bot",
        "chat_id": -100123,
        "title": "{{ kind }}",
    },
    **{topic.rpartition(":")[2]: {"kind": "sns", "topic_arn": topic} for topic in TOPICS},
}
# Somebody else has these in the account.
OTHERS = {"secrets": ["/bonghwa/rds-master-password", "/bonghwas/other"]}
OTHERS |= {"old secrets": ["bonghwa/github-token", "bonghwas-other"]}
SECRETS = {**USUAL_SECRETS, "CHANNELS": json.dumps(CHANNELS)}
GIVEN = {**USUAL_SETTINGS, **SECRETS, "SNS_TOPIC_ARN": TOPIC, "LOCATION": "a place"}


class AwsDeployer(Deployer[Call]):
    """``python -m infra.clouds.aws``, with moto's cloud behind the real aws program."""

    module = "infra.clouds.aws"

    def __init__(self, project: Path, cloud: Cloud) -> None:
        super().__init__(project, cloud.calls)
        self.cloud = cloud
        shutil.copy2(ROOT / "requirements.txt", self.project)
        self.zip = self.project / "build" / "bonghwa.zip"

    def run(self, *arguments: str, settings: Mapping[str, str] | None = None, typed: str = "") -> Step[Call]:
        """Run it to its end with these settings in the environment."""
        environ = {"PATH": f"{self.cloud.folder}:/usr/bin:/bin", **(settings or {})}
        # The machine decides where pip gets the wheels.
        environ |= {name: value for name, value in os.environ.items() if name == "HOME" or name.startswith("PIP_")}
        return self.execute(arguments, environ, typed)

    def make(self, line: str) -> Step[Call]:
        """Run what make runs for a line of the manual, in the stand-in's region, and agree to it."""
        return self.run(*(word.replace("us-east-1", REGION) for word in self.arguments_of(line)), typed="y\n")

    def state(self) -> dict[str, Any]:
        """Everything that exists in the cloud."""
        parameters = self.client("ssm").get_paginator("get_parameters_by_path")
        pages = parameters.paginate(Path="/", Recursive=True, WithDecryption=True)
        stored = [each for page in pages for each in page["Parameters"]]
        old = self.client("secretsmanager").list_secrets()["SecretList"]
        buckets = [each["Name"] for each in self.client("s3").list_buckets()["Buckets"]]
        return {
            "secrets": {each["Name"]: each["Value"] for each in stored},
            "versions": {each["Name"]: each["Version"] for each in stored},
            "old secrets": [each["Name"] for each in old],
            "buckets": {name: self._keys(name) for name in buckets},
            "functions": {each["FunctionName"]: each for each in self.client("lambda").list_functions()["Functions"]},
            "schedules": [each["Name"] for each in self.client("scheduler").list_schedules()["Schedules"]],
            "apis": [each["Name"] for each in self.client("apigatewayv2").get_apis()["Items"]],
            "roles": [each["RoleName"] for each in self.client("iam").list_roles()["Roles"]],
            "logs": [each["logGroupName"] for each in self.client("logs").describe_log_groups()["logGroups"]],
            "queues": self.client("sqs").list_queues().get("QueueUrls", []),
            "topics": [each["TopicArn"] for each in self.client("sns").list_topics()["Topics"]],
            "subscriptions": [each["Endpoint"] for each in self.client("sns").list_subscriptions()["Subscriptions"]],
            "alarms": [each["AlarmName"] for each in self.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        }

    def client(self, service: str) -> Any:
        return self.cloud.client(service)

    def _keys(self, bucket: str) -> list[str]:
        return [each["Key"] for each in self.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


IN = f"--region={REGION}"


@dataclass(frozen=True)
class Life:
    """A deployment from its beginning to its end: its steps, its details, and the zip that it built."""

    steps: Steps
    details: dict[str, Any]
    zip: Path


def lived(deployer: AwsDeployer) -> Life:
    """Deploy by the manual alone, update with every setting, and take it all away."""
    where = {"LocationConstraint": REGION}
    for name in OTHERS["secrets"]:
        deployer.client("ssm").put_parameter(Name=name, Value="theirs", Type="SecureString")
    for name in OTHERS["old secrets"]:
        deployer.client("secretsmanager").create_secret(Name=name, SecretString="theirs")
    deployer.client("s3").create_bucket(Bucket="theirs", CreateBucketConfiguration=where)
    login, settings, deploy, _, teardown = manual("aws")
    assert login == "aws configure"
    (deployer.project / ".env.aws").write_text(settings)
    steps = {"deployed": deployer.make(deploy)}
    update = ("deploy", IN, f"--zip={deployer.zip}")
    deployer.cloud.breaks_at = ("cloudformation deploy", "the connection was lost")
    steps["failed"] = deployer.run(*update, "--yes", settings=GIVEN)
    with_alarms = (*update, "--alarm-email=kim@example.com")
    steps |= {
        "refused": deployer.run(*with_alarms, settings=GIVEN, typed="n\n"),
        "planned": deployer.run(*with_alarms, "--dry-run", settings=GIVEN),
        "changed": deployer.run(*with_alarms, "--yes", settings=GIVEN),
        "again": deployer.run(*update, "--yes", settings=GIVEN),
    }
    in_detail = details(deployer)
    steps |= {
        "fewer": deployer.run(*update, "--alarm-email=", "--yes", settings={**GIVEN, "HEARTBEAT_URL": ""}),
        "end refused": deployer.run("teardown"),
        "ended": deployer.make(teardown),
        "nothing left": deployer.run("teardown", IN),
    }
    _take_away_others(deployer)
    return Life(steps, in_detail, deployer.zip)


def _take_away_others(deployer: AwsDeployer) -> None:
    """Leave an empty account to the tests that use this cloud next."""
    for name in OTHERS["secrets"]:
        deployer.client("ssm").delete_parameter(Name=name)
    for name in OTHERS["old secrets"]:
        deployer.client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    deployer.client("s3").delete_bucket(Bucket="theirs")


def details(deployer: AwsDeployer) -> dict[str, Any]:
    """The details of a deployment, which no list shows."""
    lambdas, iam, api = (deployer.client(each) for each in ("lambda", "iam", "apigatewayv2"))
    [made] = api.get_apis()["Items"]
    scheduler = deployer.client("scheduler")
    queues = deployer.client("sqs")
    roles = {each["RoleName"]: each for each in iam.list_roles()["Roles"]}
    names = [f"bonghwa-{dashed(row)}" for row in rows()]
    told = lambdas.get_function_configuration(FunctionName="bonghwa-ingest-event")["Environment"]["Variables"]
    environ = {"AWS_ENDPOINT_URL": deployer.cloud.url, "AWS_REGION": REGION}
    environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return {
        "read by ingest_event": read_secrets(told["SECRET_NAMES"].split(), environ),
        "functions": {name: lambdas.get_function_configuration(FunctionName=name) for name in names},
        "permissions": {
            row.name: json.loads(lambdas.get_policy(FunctionName=f"bonghwa-{dashed(row)}")["Policy"])["Statement"]
            for row in CALLED
        },
        "invoking": {name: lambdas.get_function_event_invoke_config(FunctionName=name) for name in names},
        "sources": lambdas.list_event_source_mappings()["EventSourceMappings"],
        "roles": {
            each["Arn"]: (
                each["AssumeRolePolicyDocument"]["Statement"],
                statements(iam.get_role_policy(RoleName=name, PolicyName="own")["PolicyDocument"]),
            )
            for name, each in roles.items()
        },
        "managed": {name: iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] for name in roles},
        "api": made,
        "stages": api.get_stages(ApiId=made["ApiId"])["Items"],
        "routes": {each["RouteKey"]: each["Target"] for each in api.get_routes(ApiId=made["ApiId"])["Items"]},
        "integrations": {
            f"integrations/{each['IntegrationId']}": each for each in api.get_integrations(ApiId=made["ApiId"])["Items"]
        },
        "schedules": {
            each["Name"]: scheduler.get_schedule(Name=each["Name"]) for each in scheduler.list_schedules()["Schedules"]
        },
        "queues": {
            kind_of_queue(url): queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            for url in queues.list_queues()["QueueUrls"]
        },
        "logs": deployer.client("logs").describe_log_groups()["logGroups"],
        "alarms": deployer.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "subscriptions": deployer.client("sns").list_subscriptions()["Subscriptions"],
    }


def statements(policy: Any) -> list[dict[str, Any]]:
    # boto3 parses JSON, but moto's CloudFormation keeps a policy as Python prints it.
    found: list[dict[str, Any]] = (ast.literal_eval(policy) if isinstance(policy, str) else policy)["Statement"]
    return found


def arn(row: Row) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:bonghwa-{dashed(row)}"


def kind_of_queue(name: str) -> str:
    """The queue's name in the template: CloudFormation names it after the stack, and adds letters of its own."""
    [kind] = [each for each in ("DeadLetters", "CheckMonitorsQueue") if f"bonghwa-{each}-" in name]
    return kind


def queue_arn(stack: dict[str, Any], kind: str) -> str:
    return str(stack["queues"][kind]["QueueArn"])


def of_parameter(name: str) -> str:
    """The secret that a parameter has a part of."""
    return name.rpartition("/")[2].rpartition("-")[0]
