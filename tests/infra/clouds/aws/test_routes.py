"""A function with several routes behind the HTTP API, and as a Lambda."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.clouds.aws.life import GIVEN, IN, AwsDeployer
from tests.support import notes
from tests.support.moto_aws import ACCOUNT, REGION, Cloud
from tests.support.moto_aws.instance import KEY, request_event
from tests.support.running import copy_project

pytestmark = [pytest.mark.system, pytest.mark.together("aws")]

ROUTES = {
    "GET /notes",
    "HEAD /notes",
    "POST /notes",
    "GET /notes/{id}",
    "HEAD /notes/{id}",
    "DELETE /notes/{id}",
    "GET /notes/newest",
    "HEAD /notes/newest",
    "POST /notes/{id}/share",
    "GET /beats/{token}/{what}",
    "HEAD /beats/{token}/{what}",
    "POST /beats/{token}/{what}",
}


@pytest.fixture
def deployer(tmp_path: Path) -> Iterator[AwsDeployer]:
    """The project with one more function, which is not deployed yet."""
    with Cloud(tmp_path / "bin") as cloud:
        deployer = AwsDeployer(copy_project(tmp_path / "project"), cloud)
        notes.add_to(deployer.project)
        yield deployer


def test_every_route_of_a_function_leads_to_it(deployer: AwsDeployer, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("main.py", "")
        archive.comment = b"python3.12 aarch64"
    assert deployer.run("template").returncode == 0
    step = deployer.run("deploy", IN, f"--zip={tmp_path / 'code.zip'}", "--yes", settings=GIVEN)
    assert (step.returncode, step.error) == (0, "")
    made = deployer.client("lambda").get_function_configuration(FunctionName="bonghwa-keep-notes")
    calls = ["GET|POST /notes", "GET|DELETE /notes/<id>", "GET /notes/newest", "POST /notes/<id>/share"]
    assert made["Description"] == ", ".join([*calls, "GET|POST /beats/<token>/<what>"])
    assert made["Environment"]["Variables"]["SECRET_NAMES"].startswith("/bonghwa/everyone-1-")
    api = deployer.client("apigatewayv2")
    [found] = api.get_apis()["Items"]
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:bonghwa-keep-notes"
    own = {
        f"integrations/{each['IntegrationId']}"
        for each in api.get_integrations(ApiId=found["ApiId"])["Items"]
        if f"{arn}/invocations" in each["IntegrationUri"]
    }
    routes = [each["RouteKey"] for each in api.get_routes(ApiId=found["ApiId"])["Items"] if each["Target"] in own]
    assert (len(routes), set(routes)) == (len(ROUTES), ROUTES)
    policy = deployer.client("lambda").get_policy(FunctionName="bonghwa-keep-notes")["Policy"]
    sources = {each["Condition"]["ArnLike"]["AWS:SourceArn"] for each in json.loads(policy)["Statement"]}
    start = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{found['ApiId']}/*/"
    assert {source.removeprefix(start) for source in sources} == {
        key.replace(" ", "").replace("{id}", "*").replace("{token}", "*").replace("{what}", "*") for key in ROUTES
    }
    # Lambda refuses a longer one.
    assert len(policy) < 20_480


def answers(project: Path, name: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers of a function as a Lambda in a copy of the project."""
    script = """
import json, sys
from infra.clouds.aws import handler
answers = [handler.handler(event, None) for event in json.load(sys.stdin)]
print(json.dumps(answers))
"""
    environ = {"FUNCTION_TARGET": name, "API_KEY": KEY, "API_AUTH": "all", "LOG_LEVEL": "WARNING"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project,
        env=environ,
        input=json.dumps(events),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_lambda_finds_the_use_case_of_a_route(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    notes.add_to(project)
    asked = {
        # The API has decoded the path. A stage with a name stands before it.
        ("GET", "/notes/봉화 &", KEY): (200, ["get_note", "봉화 &"]),
        ("GET", "/prod/notes/newest", KEY): (200, ["get_newest"]),
        ("DELETE", "/notes/7", None): (401, None),
        ("POST", "/beats/t0k3n/fail", None): (200, ["beat", "POST", "t0k3n", "fail"]),
        ("GET", "/notes/7/share", KEY): (405, None),
    }
    found = answers(project, notes.NAME, [request_event(method, path, key=key) for method, path, key in asked])
    for (call, (status, said)), answer in zip(asked.items(), found, strict=True):
        assert answer["statusCode"] == status, call
        assert said is None or json.loads(answer["body"]) == said
    # Without a route in the API, another function says what there is.
    [other] = answers(project, "describe_api", [request_event("PUT", "/notes/7", route="$default")])
    assert (other["statusCode"], other["headers"]["allow"]) == (405, notes.ALLOWED["/notes/7"])
