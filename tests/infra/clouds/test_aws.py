"""AWS: the template against the table, what a deployment makes in a stand-in of the cloud, the zip, and the handler."""

import ast
import http.server
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
import traceback
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from infra.clouds.aws import functions, handler, package, stages, template
from infra.clouds.aws.__main__ import main
from infra.clouds.aws.secrets_manager import SecretUnreadable, authorization, read_secrets
from infra.clouds.aws.target import Existing, Place, dashed, id_of
from infra.clouds.function_env import is_for
from infra.table import Row, rows
from shared import ROOT, logs
from shared.settings import SettingError, Settings
from tests.support import leaks
from tests.support.moto_aws import ACCOUNT, REGION, Call, Cloud, translated
from tests.support.running import AWS, copy_project, shown_by_curl

pytestmark = pytest.mark.together("aws")

PLACE = Place(ACCOUNT, REGION)
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:told"
TOPICS = [f"arn:aws:sns:{REGION}:{ACCOUNT}:first", f"arn:aws:sns:{REGION}:{ACCOUNT}:second.fifo"]
SECRETS = {
    "API_KEY": "a-key-of-the-cloud-alone,the-key-before-that-one",
    "DATABASE_URL": "postgresql://watcher:pass-of-the-database@db.example/bonghwa",
    "TELEGRAM_BOT_TOKEN": "123456:AAtoken-of-the-clouds-bot",
    "HEARTBEAT_URL": "https://hc.example/ping/heartbeats-own-uuid",
    "CHANNELS": json.dumps(
        {
            "night": {"kind": "telegram", "bot_token": "123456:AAtoken-of-another-bot", "chat_id": -100123},
            **{topic.rpartition(":")[2]: {"kind": "sns", "topic_arn": topic} for topic in TOPICS},
        }
    ),
}
GIVEN = {**SECRETS, "TARGET_URL": "https://a.example/,https://b.example/?x=1|2", "TELEGRAM_CHAT_ID": "4242"}
GIVEN |= {"SNS_TOPIC_ARN": TOPIC, "LOCATION": "a place"}
SCHEDULED = [row for row in rows() if row.every is not None]
CALLED = [row for row in rows() if row.every is None]
AGENT = next(row for row in rows() if row.name == "check_monitors")


# --- the template -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def translation() -> dict[str, Any]:
    """The committed template as AWS translates it."""
    from samtranslator.yaml_helper import yaml_parse

    return translated(yaml_parse(template.FILE.read_text()))


def test_the_template_is_what_the_table_makes(translation: dict[str, Any]) -> None:
    from samtranslator.yaml_helper import yaml_parse

    assert template.FILE.read_text() == template.text(), "python -m infra.clouds.aws template writes it anew"
    assert yaml_parse(template.FILE.read_text()) == template.document()
    # What a command line may hand over without a bucket.
    assert len(template.text()) < 51_200


@pytest.mark.parametrize("is_translated", [False, True], ids=["as written", "translated"])
def test_cfn_lint_finds_nothing(is_translated: bool, translation: dict[str, Any]) -> None:
    from cfnlint.api import ManualArgs, lint

    text = json.dumps(translation) if is_translated else template.FILE.read_text()
    assert lint(text, config=ManualArgs(regions=["us-east-1"])) == []


def of_kind(translation: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in translation["Resources"].items() if each["Type"] == kind}


def test_there_is_a_lambda_for_each_row_and_no_other(translation: dict[str, Any]) -> None:
    found = of_kind(translation, "AWS::Lambda::Function")
    assert set(found) == {id_of(row) for row in rows()}
    for row in rows():
        each = found[id_of(row)]
        assert each["Environment"]["Variables"]["FUNCTION_TARGET"] == row.name
        assert each["Architectures"] == ["arm64"]
        assert each["Runtime"] == {"Ref": "Runtime"}
        module, _, name = each["Handler"].rpartition(".")
        assert getattr(importlib.import_module(module), name) is handler.handler
        limit = functions.API_SECONDS if row.every is None else 900
        assert each["Timeout"] <= limit
    runtimes = translation["Parameters"]["Runtime"]["AllowedValues"]
    assert all(tuple(map(int, each.removeprefix("python").split("."))) >= (3, 12) for each in runtimes)
    longest = next(each.le for each in Settings.model_fields["check_timeout_seconds"].metadata if hasattr(each, "le"))
    assert found[id_of(AGENT)]["Timeout"] > 2 * longest, "a run of the agent has time for its longest check"


def test_only_half_minutes_need_what_is_made_for_them(translation: dict[str, Any]) -> None:
    conditional = {name for name, each in translation["Resources"].items() if each.get("Condition")}
    assert conditional == {f"CheckMonitors{each}" for each in ("HalfMinuteSchedule", "Queue", "Source")}
    queue = of_kind(translation, "AWS::SQS::Queue")["CheckMonitorsQueue"]
    assert queue["VisibilityTimeout"] >= functions.size_of(AGENT).timeout_seconds, "what Lambda asks of a queue"
    assert queue["MessageRetentionPeriod"] > queue["VisibilityTimeout"]


@pytest.mark.parametrize(
    ("interval", "cron", "half_minutes"),
    [
        ("30", "* * * * ? *", "true"),
        ("60", "* * * * ? *", "false"),
        ("300", "0/5 * * * ? *", "false"),
        ("7200", "0 0/2 * * ? *", "false"),
        ("86400", "0 0 * * ? *", "false"),
    ],
)
def test_an_interval_is_kept(interval: str, cron: str, half_minutes: str) -> None:
    found = stages.schedule_parameters({**GIVEN, "CHECK_INTERVAL_SECONDS": interval})
    assert found == {"CheckMonitorsCron": cron, "CheckMonitorsHalfMinutes": half_minutes}


@pytest.mark.parametrize("interval", ["2", "10", "20", "30.5", "45", "90", "420", "18000"])
def test_an_interval_the_scheduler_cannot_keep_is_rejected(interval: str) -> None:
    with pytest.raises(SettingError, match=rf"CHECK_INTERVAL_SECONDS is '{interval}': expected 30 or 60 seconds, or"):
        stages.schedule_parameters({**GIVEN, "CHECK_INTERVAL_SECONDS": interval})


# --- a deployment from its beginning to its end, through the real aws -------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One run of ``python -m infra.clouds.aws``: what it called, what it said, and what there was afterwards."""

    calls: list[Call]
    returncode: int
    said: str
    error: str
    state: dict[str, Any]


class Deployer:
    """``python -m infra.clouds.aws`` in a copy of the project, with the stand-in's aws as the only program."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        self.cloud = cloud
        self.project = copy_project(folder / "project")
        shutil.copy2(ROOT / "requirements.txt", self.project)
        self.zip = self.project / "build" / "bonghwa.zip"

    def run(self, *arguments: str, settings: Mapping[str, str] | None = None, typed: str = "") -> Step:
        """Run it to its end with these settings in the environment."""
        before = len(self.cloud.calls)
        environ = {"PATH": f"{self.cloud.folder}:/usr/bin:/bin", **(settings or {})}
        # Where pip gets the wheels is the machine's own business.
        environ |= {name: os.environ[name] for name in ("HOME",) if name in os.environ}
        environ |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        done = subprocess.run(
            [sys.executable, "-m", "infra.clouds.aws", *arguments],
            cwd=self.project,
            env=environ,
            input=typed,
            capture_output=True,
            text=True,
        )
        return Step(self.cloud.calls[before:], done.returncode, done.stdout, done.stderr, self.state())

    def state(self) -> dict[str, Any]:
        """What there is in the cloud."""
        secrets = self.client("secretsmanager")
        names = [each["Name"] for each in secrets.list_secrets()["SecretList"]]
        buckets = [each["Name"] for each in self.client("s3").list_buckets()["Buckets"]]
        return {
            "secrets": {name: secrets.get_secret_value(SecretId=name)["SecretString"] for name in names},
            "buckets": {name: self._keys(name) for name in buckets},
            "functions": {each["FunctionName"]: each for each in self.client("lambda").list_functions()["Functions"]},
            "schedules": [each["Name"] for each in self.client("scheduler").list_schedules()["Schedules"]],
            "apis": [each["Name"] for each in self.client("apigatewayv2").get_apis()["Items"]],
            "roles": [each["RoleName"] for each in self.client("iam").list_roles()["Roles"]],
            "logs": [each["logGroupName"] for each in self.client("logs").describe_log_groups()["logGroups"]],
            "queues": self.client("sqs").list_queues().get("QueueUrls", []),
            "topics": [each["TopicArn"] for each in self.client("sns").list_topics()["Topics"]],
            "alarms": [each["AlarmName"] for each in self.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        }

    def client(self, service: str) -> Any:
        return self.cloud.client(service)

    def _keys(self, bucket: str) -> list[str]:
        return [each["Key"] for each in self.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


def manual() -> list[str]:
    """The manual's blocks of commands, in order."""
    page = (ROOT / "infra/clouds/aws/README.md").read_text(encoding="utf-8")
    return [block.replace("   ", "").strip() for block in re.findall(r"(?s)```bash\n(.*?)```", page)]


def made_of(line: str) -> list[str]:
    """The arguments that make gives to ``infra.clouds.aws`` for a line of the manual, in the stand-in's region."""
    # The environment that it needs is there already.
    dry = ["--dry-run", "--no-print-directory", "--assume-old=.venv/installed", *shlex.split(line)[1:]]
    said = subprocess.run(["make", *dry], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    python, dash_m, module, *words = shlex.split(said.replace("\\\n", " "))
    assert (python, dash_m, module) == (".venv/bin/python", "-m", "infra.clouds.aws")
    return [word.replace("us-east-1", REGION) for word in words]


IN = f"--region={REGION}"


@dataclass(frozen=True)
class Life:
    """A deployment from its beginning to its end: its steps, what it was in detail, and the zip that it built."""

    steps: dict[str, Step]
    details: dict[str, Any]
    zip: Path


@pytest.fixture(scope="module")
def life_on_aws(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """A whole life."""
    folder = tmp_path_factory.mktemp("aws")
    with Cloud(folder / "bin") as cloud:
        return lived(Deployer(folder, cloud))


def lived(deployer: Deployer) -> Life:
    """A deployment by the manual and nothing else, updates with every setting there is, and its end."""
    where = {"LocationConstraint": REGION}
    deployer.client("secretsmanager").create_secret(Name="bonghwas-other", SecretString="theirs")
    deployer.client("s3").create_bucket(Bucket="theirs", CreateBucketConfiguration=where)
    login, settings, deploy, _, teardown = manual()
    assert login == "aws configure"
    (deployer.project / ".env.aws").write_text(settings)
    steps = {"deployed": deployer.run(*made_of(deploy), typed="y\n")}
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
        "fewer": deployer.run(*update, "--yes", settings={**GIVEN, "HEARTBEAT_URL": ""}),
        "end refused": deployer.run("teardown"),
        "ended": deployer.run(*made_of(teardown), typed="y\n"),
        "nothing left": deployer.run("teardown", IN),
    }
    return Life(steps, in_detail, deployer.zip)


@pytest.fixture(scope="module")
def steps(life_on_aws: Life) -> dict[str, Step]:
    """Its steps."""
    return life_on_aws.steps


@pytest.fixture(scope="module")
def stack(life_on_aws: Life) -> dict[str, Any]:
    """Everything that was made for a deployment with every setting, in detail."""
    return life_on_aws.details


def details(deployer: Deployer) -> dict[str, Any]:
    """What cannot be told from a list."""
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
            url.rpartition("/")[2]: queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            for url in queues.list_queues()["QueueUrls"]
        },
        "logs": deployer.client("logs").describe_log_groups()["logGroups"],
        "alarms": deployer.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "subscriptions": deployer.client("sns").list_subscriptions()["Subscriptions"],
    }


def statements(policy: Any) -> list[dict[str, Any]]:
    # boto3 reads it where it is JSON; what moto's CloudFormation keeps is printed as Python does it.
    found: list[dict[str, Any]] = (ast.literal_eval(policy) if isinstance(policy, str) else policy)["Statement"]
    return found


def arn(row: Row) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:bonghwa-{dashed(row)}"


def queue_arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:bonghwa-{name}"


@pytest.mark.system
def test_the_manual_leads_to_a_deployment_and_back(steps: dict[str, Step], life_on_aws: Life) -> None:
    deployed, ended = steps["deployed"], steps["ended"]
    assert (deployed.returncode, deployed.error) == (0, "")
    assert set(deployed.state["functions"]) == {f"bonghwa-{dashed(row)}" for row in rows()}
    told = deployed.state["functions"]["bonghwa-check-monitors"]["Environment"]["Variables"]
    assert told["TARGET_URL"] == "https://www.example.com"
    url = re.search(
        r"With the API key it responds at (https://\w+\.execute-api\.\S+\.amazonaws\.com)/: ", deployed.said
    )
    assert url
    assert told["BACKEND_URL"] == url[1]
    secrets = {name: json.loads(each) for name, each in deployed.state["secrets"].items() if "/" in name}
    assert secrets["bonghwa/store"] == {"DATABASE_URL": "postgresql://user:password@host/name?sslmode=require"}
    assert set(secrets) == {"bonghwa/everyone", "bonghwa/store"}
    # The key that the manual shows.
    key = secrets["bonghwa/everyone"]["API_KEY"]
    assert len(key) > 30
    project = life_on_aws.zip.parent.parent
    assert shown_by_curl(manual()[3], project)[:2] == ["-H", f"X-API-Key: {key}"]
    assert (ended.returncode, ended.error) == (0, "")


@pytest.mark.system
@pytest.mark.parametrize(
    ("settings", "region"),
    [
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({}, "ap-northeast-2"),
    ],
)
def test_the_default_region_is_that_of_the_aws_command(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    region: str,
) -> None:
    # Only asks, and of nothing but what is on this machine.
    program = tmp_path / "aws"
    program.write_text("""#!/bin/sh
case "$1 $2 $3" in
"configure get region") echo ap-northeast-2 ;;
"sts get-caller-identity"*) echo 123456789012 ;;
esac
""")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, settings.get(name, ""))
    main(["teardown"])
    assert capsys.readouterr().out == f"There is nothing of Bonghwa in 123456789012, {region}\n"
    monkeypatch.setenv("AWS_REGION", "Seoul")
    with pytest.raises(SystemExit, match=r"^bonghwa: AWS_REGION is 'Seoul': expected a region, like eu-west-1$"):
        main(["teardown"])


@pytest.mark.system
def test_taking_it_away_leaves_nothing_but_what_is_not_ours(steps: dict[str, Step]) -> None:
    left = {kind: list(things) for kind, things in steps["ended"].state.items() if things}
    assert left == {"secrets": ["bonghwas-other"], "buckets": ["theirs"]}
    assert steps["nothing left"].said == f"There is nothing of Bonghwa in {ACCOUNT}, {REGION}\n"


@pytest.mark.system
def test_a_dry_run_prints_what_a_run_does_and_changes_nothing(steps: dict[str, Step]) -> None:
    assert all(call.is_read for call in steps["planned"].calls)
    assert steps["planned"].state == steps["refused"].state == steps["failed"].state
    printed = [line for line in steps["planned"].said.splitlines() if line.startswith("aws ")]
    # Files are in a folder of their own then, which is gone by now.
    run = [
        re.sub(r"file:///\S*/(\w+\.json)", r"file://\1", shlex.join(["aws", *each.arguments]))
        for each in changes(steps, "changed")
    ]
    assert printed == run


def changes(steps: dict[str, Step], name: str) -> list[Call]:
    return [call for call in steps[name].calls if not call.is_read]


@pytest.mark.system
@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("deployed", ["This deploys to", "create-bucket bonghwa-1", "create-secret bonghwa/store", "deploy bonghwa"]),
        ("refused", ["This updates what is in", "s3 cp build/bonghwa.zip", "deploy bonghwa"]),
        ("end refused", ["This deletes from", "delete-stack bonghwa", "delete-secret bonghwa/store", "delete-bucket"]),
    ],
)
def test_nothing_is_done_before_it_is_announced_and_agreed_to(
    steps: dict[str, Step], step: str, words: list[str]
) -> None:
    asked = steps[step]
    assert all(each in asked.said.partition("Go on?")[0] for each in [*words, f"{ACCOUNT}, {REGION}:"])
    if "refused" in step:
        assert (asked.returncode, asked.error) == (1, "nothing was changed\n")
        assert all(call.is_read for call in asked.calls)


@pytest.mark.system
def test_a_failed_deployment_says_so_and_the_next_one_continues(steps: dict[str, Step]) -> None:
    failed, changed = steps["failed"], steps["changed"]
    assert failed.returncode == 1
    assert failed.error.startswith("bonghwa: aws cloudformation deploy")
    assert "the connection was lost" in failed.error
    assert (changed.returncode, changed.error) == (0, "")
    # The secrets were stored by then, and are not again.
    assert not [call for call in changed.calls if {"create-secret", "put-secret-value"} & set(call.words)]


@pytest.mark.system
def test_an_update_without_a_change_changes_nothing(steps: dict[str, Step], stack: dict[str, Any]) -> None:
    again = steps["again"]
    assert (again.returncode, again.error) == (0, "")
    assert again.state == steps["changed"].state
    words = [" ".join(call.words[:2]) for call in changes(steps, "again")]
    assert words == ["s3 cp", "cloudformation deploy", "s3 rm"]
    [subscription] = stack["subscriptions"]
    assert subscription["Endpoint"] == "kim@example.com", "the mail stays although it was not said again"


@pytest.mark.system
def test_an_update_removes_what_is_needed_no_longer(steps: dict[str, Step]) -> None:
    before, fewer = steps["again"].state, steps["fewer"].state
    assert set(before["secrets"]) - set(fewer["secrets"]) == {"bonghwa/agent"}
    assert len(fewer["buckets"][PLACE.bucket]) == 1
    told = fewer["functions"]["bonghwa-check-monitors"]["Environment"]["Variables"]
    assert told["SECRET_NAMES"] == "bonghwa/everyone bonghwa/channels"
    told = [steps[each].state["functions"]["bonghwa-health"] for each in ("deployed", "again", "fewer")]
    digests = [each["Environment"]["Variables"]["SECRETS_DIGEST"] for each in told]
    assert len(set(digests)) == 3, "instances that have read other secrets are replaced"


@pytest.mark.system
def test_no_secret_is_on_a_command_line_screen_or_variable(steps: dict[str, Step]) -> None:
    secrets = leaks.secrets_of(SECRETS) | {"DATABASE": {"pass-of-the-database"}}
    for step in steps.values():
        variables = json.dumps(step.state.get("functions"), default=str)
        said = "\n".join([step.said, step.error, variables, *(each for call in step.calls for each in call.arguments)])
        assert not leaks.found_in(said.encode(), secrets)
    # They did go somewhere.
    stored = steps["changed"].state["secrets"]
    assert {name: json.loads(stored[name]) for name in stored if "/" in name} == {
        "bonghwa/everyone": {"API_KEY": SECRETS["API_KEY"]},
        "bonghwa/store": {"DATABASE_URL": SECRETS["DATABASE_URL"]},
        "bonghwa/channels": {name: SECRETS[name] for name in ("CHANNELS", "TELEGRAM_BOT_TOKEN")},
        "bonghwa/agent": {"HEARTBEAT_URL": SECRETS["HEARTBEAT_URL"]},
    }


@pytest.mark.system
@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_function_gets_its_settings_and_only_its_secrets(stack: dict[str, Any], row: Row) -> None:
    made = stack["functions"][f"bonghwa-{dashed(row)}"]
    size = functions.size_of(row)
    assert (made["MemorySize"], made["Timeout"]) == (size.memory_mb, size.timeout_seconds)
    told = dict(made["Environment"]["Variables"])
    has_channels = "channels" in row.needs
    groups = ["everyone"]
    groups += [need for need in ("store", "channels", "agent") if need in row.needs]
    assert told.pop("SECRET_NAMES") == " ".join(f"bonghwa/{each}" for each in groups)
    [publishing, reading] = [
        [each for each in stack["roles"][made["Role"]][1] if each["Action"] == [action]]
        for action in ("sns:Publish", "secretsmanager:GetSecretValue")
    ]
    assert [each["Resource"] for each in publishing] == [TOPIC, TOPICS] * has_channels
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:bonghwa/"
    assert [each["Resource"] for each in reading] == [[f"{secret}{each}-??????" for each in groups]]
    assert told.pop("SECRETS_DIGEST")
    assert (told.pop("FUNCTION_TARGET"), told.pop("API_AUTH")) == (row.name, "all")
    assert told.pop("SENDS", None) == row.sends
    if row == AGENT:
        assert told.pop("BACKEND_URL") == f"https://{stack['api']['ApiId']}.execute-api.{REGION}.amazonaws.com"
        assert told.pop("SPOOL_DIR") == "/tmp"
    defaults = {"CHECK_INTERVAL_SECONDS": "30", "CHECK_TIMEOUT_SECONDS": "10", "MESSAGE_LANGUAGE": "en"}
    defaults |= {"NOTIFICATION_TTL": "86400", "LOG_LEVEL": "INFO"}
    plain = {**defaults, **{name: value for name, value in GIVEN.items() if name not in SECRETS}}
    assert {name: value for name, value in told.items() if value} == {
        name: value for name, value in plain.items() if is_for(row, name)
    }
    assert all(is_for(row, name) for name in told)


@pytest.mark.system
@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_functions_role_allows_what_it_needs_and_no_more(stack: dict[str, Any], row: Row) -> None:
    made = stack["functions"][f"bonghwa-{dashed(row)}"]
    assert [each["Role"] for each in stack["functions"].values()].count(made["Role"]) == 1
    taking, allowed = stack["roles"][made["Role"]]
    [only] = taking
    assert only["Principal"] == {"Service": "lambda.amazonaws.com"}
    found = {tuple(each["Action"]): each["Resource"] for each in allowed}
    log = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/bonghwa-{dashed(row)}"
    assert found.pop(("logs:CreateLogStream", "logs:PutLogEvents")).removesuffix(":*") == log
    assert found.pop(("secretsmanager:GetSecretValue",))
    found.pop(("sns:Publish",), None)
    wanted: dict[tuple[str, ...], str] = {("sqs:SendMessage",): queue_arn("dead-letters")} if row.every else {}
    if row == AGENT:
        wanted["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"] = queue_arn("check-monitors")
    assert found == wanted
    assert not any(stack["managed"].values())


def methods(row: Row) -> list[str]:
    return ["GET", "HEAD"] if row.method == "GET" else [row.method]


@pytest.mark.system
def test_each_route_and_every_other_request_has_a_function(stack: dict[str, Any]) -> None:
    expected = {f"{method} {row.path.replace('<id>', '{id}')}": row for row in CALLED for method in methods(row)}
    unrouted = next(row for row in rows() if row.name == functions.FOR_UNROUTED)
    # moto's name for what is named $default there.
    assert set(stack["routes"]) == {*expected, "X-AMAZON-APIGATEWAY-ANY-METHOD $default"}
    for key, target in stack["routes"].items():
        integration = stack["integrations"][target]
        assert (integration["IntegrationType"], integration["PayloadFormatVersion"]) == ("AWS_PROXY".lower(), "2.0")
        assert f"{arn(expected.get(key, unrouted))}/invocations" in integration["IntegrationUri"]
    [stage] = stack["stages"]
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 20, "ThrottlingRateLimit": 20.0}


@pytest.mark.system
@pytest.mark.parametrize("row", CALLED, ids=lambda row: row.name)
def test_the_api_may_call_a_function_by_its_own_route_alone(stack: dict[str, Any], row: Row) -> None:
    statements = stack["permissions"][row.name]
    assert all(each["Principal"] == {"Service": "apigateway.amazonaws.com"} for each in statements)
    sources = {each["Condition"]["ArnLike"]["AWS:SourceArn"] for each in statements}
    routes = {f"{method}{row.path.replace('<id>', '*')}" for method in methods(row)}
    api = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{stack['api']['ApiId']}/*"
    assert sources == {f"{api}/{route}" for route in ({"*"} if row.name == functions.FOR_UNROUTED else routes)}


@pytest.mark.system
def test_the_schedules_tick_and_a_queue_adds_the_half_minute(
    stack: dict[str, Any],
) -> None:
    found = stack["schedules"]
    assert set(found) == {*(f"bonghwa-{dashed(row)}" for row in SCHEDULED), "bonghwa-check-monitors-30s"}
    for each in found.values():
        assert each["ScheduleExpression"] == "cron(* * * * ? *)"
        assert (each["ScheduleExpressionTimezone"], each["FlexibleTimeWindow"]) == ("UTC", {"Mode": "OFF"})
        assert each["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0
        assert each["Target"]["DeadLetterConfig"] == {"Arn": queue_arn("dead-letters")}
    for row in SCHEDULED:
        assert found[f"bonghwa-{dashed(row)}"]["Target"]["Arn"] == arn(row)
    target = found["bonghwa-check-monitors-30s"]["Target"]
    # SendMessage as SQS itself knows it: the scheduler's own target for queues has no delay.
    assert target["Arn"] == "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
    message = json.loads(target["Input"])
    assert message["DelaySeconds"] == 30
    assert message["QueueUrl"] == f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/bonghwa-check-monitors"


@pytest.mark.system
def test_the_delaying_queue_calls_the_agent_once_a_message(stack: dict[str, Any]) -> None:
    [source] = stack["sources"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert (source["EventSourceArn"], source["FunctionArn"]) == (queue_arn("check-monitors"), arn(AGENT))
    assert source["BatchSize"] == 1
    redrive = json.loads(stack["queues"]["bonghwa-check-monitors"]["RedrivePolicy"])
    assert (redrive["deadLetterTargetArn"], int(redrive["maxReceiveCount"])) == (queue_arn("dead-letters"), 1)


@pytest.mark.system
def test_the_scheduler_may_only_call_and_send_what_is_scheduled(stack: dict[str, Any]) -> None:
    [role] = {each["Target"]["RoleArn"] for each in stack["schedules"].values()}
    [taking], allowed = stack["roles"][role]
    assert taking["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert taking["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert {tuple(each["Action"]): set(each["Resource"]) for each in allowed} == {
        ("lambda:InvokeFunction",): {arn(row) for row in SCHEDULED},
        ("sqs:SendMessage",): {queue_arn("dead-letters"), queue_arn("check-monitors")},
    }
    # One for each function, and this one.
    assert len(stack["roles"]) == len(rows()) + 1


@pytest.mark.system
@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_failed_call_is_kept_and_not_tried_again(stack: dict[str, Any], row: Row) -> None:
    found = stack["invoking"][f"bonghwa-{dashed(row)}"]
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (0, 60)
    kept = {"OnFailure": {"Destination": queue_arn("dead-letters")}}
    assert {name: each for name, each in found.get("DestinationConfig", {}).items() if each} == (
        kept if row.every is not None else {}
    )


@pytest.mark.system
def test_logs_last_a_month_and_alarms_report_failures(stack: dict[str, Any]) -> None:
    assert {each["logGroupName"]: each["retentionInDays"] for each in stack["logs"]} == {
        f"/aws/lambda/bonghwa-{dashed(row)}": 30 for row in rows()
    }
    [subscription] = stack["subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "kim@example.com")
    watched = {}
    for alarm in stack["alarms"]:
        assert alarm["AlarmActions"] == alarm["OKActions"] == [subscription["TopicArn"]]
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0.0, "GreaterThanThreshold")
        assert alarm["TreatMissingData"] == "notBreaching"
        [dimension] = alarm["Dimensions"]
        watched[alarm["Namespace"], alarm["MetricName"], dimension["Value"]] = dimension["Name"]
    assert watched == {
        ("AWS/ApiGateway", "5xx", stack["api"]["ApiId"]): "ApiId",
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "bonghwa-dead-letters"): "QueueName",
        **{("AWS/Lambda", "Errors", f"bonghwa-{dashed(row)}"): "FunctionName" for row in SCHEDULED},
    }


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"DATABASE_URL": "sqlite:///notifications.db"}, "DATABASE_URL is 'sqlite': expected postgresql://"),
        ({"API_KEY": "hunter2"}, r"API_KEY is '\(hidden\)': expected secrets of at least 16 characters"),
        ({"TARGET_URL": "ftp://a.example/"}, "TARGET_URL is 'ftp://a.example/': expected one or more http"),
        ({"SNS_TOPIC_ARN": "nonsense"}, "SNS_TOPIC_ARN is 'nonsense': expected a topic's ARN"),
        ({"TELEGRAM_CHAT_ID": ""}, "TELEGRAM_CHAT_ID is not set: expected the chat's number or @channelname"),
        ({"TELEGRAM_BOT_TOKEN": ""}, "TELEGRAM_BOT_TOKEN is not set: expected the bot's token"),
        ({"CHANNELS": '{"ops": {"kind": "telegram", "chat_id": 1}}'}, r"CHANNELS\.ops\.bot_token is not set: expected"),
        ({"TARGET_URL": " ".join(f"https://{n:0>60}.example/" for n in range(1000))}, "TARGET_URL is 'of 77,999 char"),
    ],
)
def test_settings_that_cannot_run_there_change_nothing(settings: dict[str, str], words: str, tmp_path: Path) -> None:
    (tmp_path / "any.zip").touch()
    with pytest.raises(SettingError, match=words):
        stages.deployment(PLACE, Existing(), {**GIVEN, **settings}, tmp_path / "any.zip", "")


def test_a_failed_first_stack_is_removed_before_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "any.zip").touch()
    planned = stages.deployment(PLACE, Existing(status="ROLLBACK_COMPLETE"), GIVEN, tmp_path / "any.zip", "")
    assert [command.words()[1:4] for command in planned[0].commands] == [
        ["cloudformation", "delete-stack", "--stack-name=bonghwa"],
        ["cloudformation", "wait", "stack-delete-complete"],
    ]


def test_a_secret_or_long_setting_is_in_its_readers_secret() -> None:
    many = " ".join(f"https://a{n}.example/" for n in range(1000))
    for value in (many, "https://kim:pass-of-the-target@b.example/"):
        found = stages.secrets_of({**GIVEN, "TARGET_URL": value})
        assert found["agent"] == {"HEARTBEAT_URL": SECRETS["HEARTBEAT_URL"], "TARGET_URL": value}
        assert stages.secrets_of(GIVEN)["agent"] == {"HEARTBEAT_URL": SECRETS["HEARTBEAT_URL"]}


@pytest.mark.system
def test_without_aws_only_a_dry_run_works_and_the_rest_says_why(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    package._write({}, project / "any.zip", package.Runtime("3.12"))
    command = [sys.executable, "-m", "infra.clouds.aws", "deploy", "--zip=any.zip"]
    environ = {"PATH": "", **GIVEN}
    dry = [*command, "--dry-run"]
    said = subprocess.run(dry, cwd=project, env=environ, capture_output=True, text=True).stdout
    assert said.startswith("# aws is not installed")
    assert "\naws s3 cp any.zip s3://bonghwa-ACCOUNT-us-east-1/" in said
    assert "\naws cloudformation deploy " in said
    assert " Runtime=python3.12 " in said
    refused = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True).stderr
    assert refused.startswith("bonghwa: aws is not installed: see https://docs.aws.amazon.com/cli/")


@pytest.mark.system
def test_a_zip_for_another_runtime_is_not_deployed(project: Path) -> None:
    for name in ("other", "any"):
        package._write({}, project / f"{name}.zip", package.Runtime(processor="x86_64"))
    with zipfile.ZipFile(project / "any.zip", "a") as archive:
        archive.comment = b""
    for name, words in (
        ("other", "other.zip is for x86_64, and the template for aarch64"),
        ("any", "any.zip does not say what it is for: make package-aws builds one that does"),
    ):
        command = [sys.executable, "-m", "infra.clouds.aws", "deploy", f"--zip={name}.zip", "--dry-run"]
        environ = {"PATH": "", **GIVEN}
        done = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (1, f"bonghwa: {words}\n")


def test_a_zip_is_built_only_for_what_the_template_may_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["package", "--python=3.11"])
    assert "invalid choice: '3.11'" in capsys.readouterr().err
    allowed = template.document()["Parameters"]["Runtime"]["AllowedValues"]
    assert allowed == [f"python{each}" for each in package.VERSIONS]


# --- the zip ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def names(life_on_aws: Life) -> dict[str, int]:
    """The zip that the deployment built, for arm64: the size of each file in it."""
    with zipfile.ZipFile(life_on_aws.zip) as archive:
        return {each.filename: each.file_size for each in archive.infolist()}


@pytest.mark.system
def test_the_zip_holds_what_lambda_needs_and_little_else(names: dict[str, int]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert not tops & {"tests", "gunicorn", "uvicorn", "watchdog", "starlette", "boto3", "bin", "pip", ".env"}
    ours = {name for name in names if name.startswith(("functions/", "shared/")) and "__pycache__" not in name}
    assert ours == {
        path.relative_to(ROOT).as_posix()
        for folder in ("functions", "shared")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".sql", ".json")
    }
    of_infra = {name for name in names if name.startswith("infra/") and "__pycache__" not in name}
    assert of_infra == {each for each in package.OWN if each.startswith("infra/")}
    of_psycopg = sum(size for name, size in names.items() if name.startswith("psycopg"))
    assert sum(names.values()) - of_psycopg <= 45e6
    assert of_psycopg <= 16e6
    # What Lambda takes.
    assert sum(names.values()) < 250e6


@pytest.mark.system
def test_the_zip_is_for_lambdas_python_and_processor(names: dict[str, int], life_on_aws: Life) -> None:
    built_for = package.runtime_of(life_on_aws.zip)
    assert built_for
    assert {each["Runtime"] for each in life_on_aws.details["functions"].values()} == {built_for.name}
    libraries = [name for name in names if ".so" in name]
    with zipfile.ZipFile(life_on_aws.zip) as archive:
        # The kind of machine in an ELF header: 183 is AArch64.
        machines = {name: int.from_bytes(archive.read(name)[18:20], "little") for name in libraries}
    assert set(machines.values()) == {183}
    for needed in ("pycurl", "pydantic_core", "psycopg_binary"):
        assert any(name.startswith(needed) for name in libraries)


@pytest.mark.system
def test_the_same_files_make_the_same_zip_readable_by_lambda(tmp_path: Path) -> None:
    files = {path.relative_to(ROOT).as_posix(): path for path in sorted((ROOT / "shared").rglob("*.py"))}
    package._write(files, tmp_path / "one.zip", package.Runtime())
    for path in (copied := tmp_path / "copy").parent.iterdir():
        assert path.name == "one.zip"
    others = {}
    for name, path in reversed(files.items()):
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        others[name] = Path(shutil.copyfile(path, copied / name))
        others[name].chmod(0o600)
    package._write(others, tmp_path / "other.zip", package.Runtime())
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert all(each.external_attr >> 16 & 0o004 for each in archive.infolist())


# --- the handler ------------------------------------------------------------------------------------------------------

KEY = "a-key-that-is-for-tests-only"


@pytest.fixture
def on_lambda(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An instance that nobody has called yet. What it is told is set by the test."""
    for cached in (handler._load_secrets, handler._function, handler._unrouted):
        cached.cache_clear()
    ours = {*dotenv_values(ROOT / ".env.example"), *(field.alias for field in Settings.model_fields.values())}
    for name in [name for name in os.environ if name in ours or name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("API_KEY", KEY)
    monkeypatch.setenv("API_AUTH", "all")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'bonghwa.db'}")
    return monkeypatch


def request(
    method: str, path: str, *, route: str = "", key: str | None = KEY, body: str | None = None
) -> dict[str, Any]:
    """What an HTTP API hands over, in its payload 2.0."""
    headers = {"host": "0123abcd.execute-api.eu-west-1.amazonaws.com", "x-forwarded-for": "203.0.113.7"}
    headers |= {"x-forwarded-port": "443", "x-forwarded-proto": "https"}
    headers |= {"x-api-key": key} if key else {}
    headers |= {"content-type": "application/json"} if body else {}
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "curl"}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route or f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {"accountId": ACCOUNT, "stage": "$default", "requestId": "id", "http": http},
        "isBase64Encoded": False,
    }
    return event | ({"body": body} if body else {})


@pytest.fixture
def developers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What whoever runs the tests may have in his shell."""
    for name in ("TARGET_URL", "TELEGRAM_CHAT_ID", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.setenv(name, "theirs")


@pytest.mark.usefixtures("developers_own", "on_lambda")
def test_nothing_of_who_runs_the_tests_is_read() -> None:
    assert "theirs" not in os.environ.values()


MESSAGE = {"messageId": "1", "receiptHandle": "2", "body": "2026-11-24T12:00:00Z", "eventSource": "aws:sqs"}
STRIKES = [{"scheduled": "2026-11-24T12:00:00Z"}, {"Records": [MESSAGE]}]


def test_a_request_of_the_api_gets_the_functions_answer(on_lambda: pytest.MonkeyPatch) -> None:
    on_lambda.setenv("FUNCTION_TARGET", "get_alert")
    answer = handler.handler(request("GET", "/alerts/7", route="GET /alerts/{id}"), None)
    assert answer["statusCode"] == 404
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert json.loads(answer["body"])["detail"] == "there is no alert 7"
    assert handler.handler(request("GET", "/alerts/7", key=None), None)["statusCode"] == 401
    # Decoded already, and nothing that WSGI could carry as it is.
    answer = handler.handler(request("GET", "/alerts/봉화", route="GET /alerts/{id}"), None)
    assert json.loads(answer["body"])["detail"].startswith("'봉화' is not an alert's id")


def test_a_body_comes_through_whole(on_lambda: pytest.MonkeyPatch) -> None:
    on_lambda.setenv("FUNCTION_TARGET", "ingest_event")
    body = {"target_url": "https://a.example/봉화", "timestamp": "2026-11-24T12:00:00Z", "is_success": True}
    answer = handler.handler(request("POST", "/events", body=json.dumps(body, ensure_ascii=False)), None)
    assert answer["statusCode"] == 201, answer["body"]
    assert answer["isBase64Encoded"] is False


@pytest.mark.parametrize("event", STRIKES, ids=["scheduler", "queue"])
def test_a_tick_of_the_schedule_is_a_run_with_our_own_key(on_lambda: pytest.MonkeyPatch, event: dict[str, Any]) -> None:
    on_lambda.setenv("FUNCTION_TARGET", "deliver_notifications")
    assert set(handler.handler(event, None)) >= {"SENT"}


@pytest.mark.parametrize("event", STRIKES, ids=["scheduler", "queue"])
def test_a_run_with_a_bad_response_fails_for_the_platform(on_lambda: pytest.MonkeyPatch, event: dict[str, Any]) -> None:
    on_lambda.setenv("FUNCTION_TARGET", "deliver_notifications")
    # As on Lambda, where SQLite would vanish.
    on_lambda.setenv("AWS_LAMBDA_FUNCTION_NAME", "bonghwa-deliver-notifications")
    with pytest.raises(handler.FunctionFailed, match=r"notifications responded with 503: .*DATABASE_URL") as failed:
        handler.handler(event, None)
    assert KEY not in str(failed.value)


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/nowhere", 404, None),
        ("DELETE", "/alerts/7", 405, "GET, HEAD, PATCH"),
        ("POST", "/check_monitors", 404, None),
    ],
)
def test_what_no_route_takes_gets_a_problem_as_on_a_laptop(
    on_lambda: pytest.MonkeyPatch, method: str, path: str, status: int, allowed: str | None
) -> None:
    on_lambda.setenv("FUNCTION_TARGET", functions.FOR_UNROUTED)
    answer = handler.handler(request(method, path, route="$default", key=None), None)
    assert (answer["statusCode"], answer["headers"].get("allow")) == (status, allowed)
    assert answer["headers"]["content-type"] == "application/problem+json"


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_the_signature_is_the_one_of_amazons_own_library() -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    body, url = b'{"SecretId": "bonghwa/everyone"}', f"https://secretsmanager.{REGION}.amazonaws.com/"
    request = AWSRequest("POST", url, {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "a.B"}, body)
    SigV4Auth(Credentials("AKID", "a/secret+key", "the-token"), "secretsmanager", REGION).add_auth(request)
    signed = {name.lower(): value for name, value in request.headers.items() if name != "Authorization"}
    signed |= {"host": f"secretsmanager.{REGION}.amazonaws.com"}
    environ = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "a/secret+key"}
    assert authorization(signed, body, REGION, environ) == request.headers["Authorization"]


BREAKS, HANGS = (0, ""), (-1, "")


class SecretsManager(http.server.BaseHTTPRequestHandler):
    """Answers each question by the next of ``answers``, and keeps what it was asked, and by how many connections."""

    protocol_version = "HTTP/1.1"
    answers: list[tuple[int, str]]
    asked: list[str]
    connections: list[object]

    def setup(self) -> None:
        super().setup()
        self.connections.append(self.connection)

    def do_POST(self) -> None:
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["SecretId"])
        status, body = answer = self.answers.pop(0)
        if answer in (BREAKS, HANGS):
            # Until who asked hangs up.
            self.close_connection = answer == BREAKS or not self.connection.recv(1)
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def manager(on_lambda: pytest.MonkeyPatch) -> Iterator[type[SecretsManager]]:
    """A stand-in for Secrets Manager that fails as a test wants it."""
    kind = type("Manager", (SecretsManager,), {"answers": [], "asked": [], "connections": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    environ = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}", "AWS_REGION": REGION}
    environ |= {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": "token"}
    for name, value in environ.items():
        on_lambda.setenv(name, value)
    on_lambda.setattr("infra.clouds.aws.secrets_manager.PAUSE_SECONDS", 0.01)
    yield kind
    server.shutdown()
    server.server_close()


def secret(**settings: str) -> tuple[int, str]:
    return 200, json.dumps({"SecretString": json.dumps(settings)})


def test_secrets_are_read_at_the_first_call_and_never_again(
    on_lambda: pytest.MonkeyPatch, manager: type[SecretsManager]
) -> None:
    on_lambda.setenv("FUNCTION_TARGET", "describe_api")
    on_lambda.setenv("SECRET_NAMES", "bonghwa/everyone bonghwa/store")
    on_lambda.delenv("API_KEY")
    manager.answers += [(500, "{}"), (400, '{"__type":"ThrottlingException"}'), secret(API_KEY=KEY), (503, "")]
    manager.answers += [secret(DATABASE_URL="postgresql://kim@db.example/x")]
    try:
        for _ in range(2):
            assert handler.handler(request("GET", "/openapi.json"), None)["statusCode"] == 200
        assert manager.asked == ["bonghwa/everyone"] * 3 + ["bonghwa/store"] * 2
        assert os.environ["DATABASE_URL"] == "postgresql://kim@db.example/x"
    finally:
        os.environ["API_KEY"] = KEY  # what the monkeypatch expects to find


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([(200, json.dumps({"SecretBinary": "aHVudGVyMg=="}))], "is not a JSON object"),
        ([(400, '{"__type":"AccessDeniedException"}')], "cannot be read: 400 .*AccessDenied"),
        ([(500, "a"), (502, "b"), (503, "c")], "cannot be read: 503 c"),
        ([(200, json.dumps({"SecretString": "hunter2-and-no-json"}))], "is not a JSON object"),
        ([(200, json.dumps({"SecretString": '["hunter2"]'}))], "is not a JSON object"),
    ],
)
def test_an_unreadable_secret_is_reported_and_tried_again(
    on_lambda: pytest.MonkeyPatch,
    manager: type[SecretsManager],
    capsys: pytest.CaptureFixture[str],
    answers: list[tuple[int, str]],
    words: str,
) -> None:
    on_lambda.setenv("FUNCTION_TARGET", "describe_api")
    on_lambda.setenv("SECRET_NAMES", "bonghwa/everyone")
    on_lambda.setenv("LOG_DIR", "")
    logs._logger.cache_clear()
    manager.answers += answers * 2
    with pytest.raises(SecretUnreadable, match=f"the secret bonghwa/everyone {words}") as unreadable:
        handler.handler({"scheduled": "2026-11-24T12:00:00Z"}, None)
    assert "hunter2" not in "".join(traceback.format_exception(unreadable.value))
    answer = handler.handler(request("GET", "/openapi.json"), None)
    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "2")
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert json.loads(answer["body"])["status"] == 503
    logs._logger.cache_clear()
    [line] = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["severity"], told["message"], told["function"]) == ("ERROR", "secret_unreadable", "describe_api")
    assert re.search(words, told["reason"])
    assert not re.search(f"bonghwa/everyone|hunter2|{words}", answer["body"]), "who asks may be anybody"
    manager.answers.append(secret(API_KEY=KEY))
    assert handler.handler(request("GET", "/openapi.json"), None)["statusCode"] == 200


def test_all_secrets_share_a_connection_that_may_break(manager: type[SecretsManager]) -> None:
    manager.answers += [secret(A="a"), secret(B="b"), BREAKS, secret(C="c"), (500, "{}"), secret(D="d")]
    assert read_secrets("abcd") == {"A": "a", "B": "b", "C": "c", "D": "d"}
    assert manager.asked == ["a", "b", "c", "c", "d", "d"]
    assert len(manager.connections) == 2


def test_unreadable_secrets_cost_at_most_the_deadline_for_all(
    manager: type[SecretsManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.clouds.aws.secrets_manager.READ_SECONDS", 0.3)
    manager.answers += [secret(A="a"), HANGS]
    started = time.monotonic()
    with pytest.raises(SecretUnreadable, match="the secret b cannot be read: 0 TimeoutError"):
        read_secrets(["a", "b"])
    assert time.monotonic() - started < 2.0
    assert manager.asked == ["a", "b"], "nothing is asked after the deadline"


@pytest.mark.system
def test_secrets_are_read_as_the_deployment_stored_them(stack: dict[str, Any]) -> None:
    names = ("API_KEY", "DATABASE_URL", "CHANNELS", "TELEGRAM_BOT_TOKEN")
    assert stack["read by ingest_event"] == {name: SECRETS[name] for name in names}
    assert read_secrets([], {}) == {}


def test_importing_the_handler_reads_and_loads_nothing_heavy() -> None:
    script = """
import json, os, sys
os.environ.pop("AWS_LAMBDA_FUNCTION_NAME", None)
import infra.clouds.aws.handler
print(json.dumps([name for name in sys.modules if name.partition(".")[0] in ("boto3", "botocore", "main", "psycopg")]))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(
    ("sends", "topic", "ready"),
    [("at_once", TOPIC, [REGION]), ("at_once", "", []), ("at_once", "malformed", []), (None, TOPIC, [])],
)
def test_a_lambda_prepares_its_first_send_and_asks_nobody(sends: str | None, topic: str, ready: list[str]) -> None:
    script = """
import json, sys
asked = []
sys.addaudithook(lambda event, _: asked.append(event) if event in ("socket.connect", "socket.getaddrinfo") else None)
import infra.clouds.aws.handler
from infra.clouds.aws import secrets_manager
from shared.notifiers.sns import connection
has_botocore = "botocore" in sys.modules
ready = list(connection.idle_connections)
print(json.dumps([asked, secrets_manager.context.cache_info().currsize, ready, has_botocore]))
"""
    environ = {"AWS_LAMBDA_FUNCTION_NAME": "bonghwa-of-tests", "FUNCTION_TARGET": "ingest_event", "SECRET_NAMES": "a b"}
    environ |= {**AWS, "SNS_TOPIC_ARN": topic} | ({"SENDS": sends} if sends else {})
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [[], 1, ready, bool(ready)]
