"""AWS: routes, secrets, Lambda's own libraries, and a topic."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.table import agent
from shared import ROOT, __version__
from tests.support.running import API_KEY, wait_until
from tests.system.conformance.observing import Watch, problem, sent
from tests.system.conformance.platforms import on_aws
from tests.system.runtimes import aws, sandbox
from tests.system.runtimes.aws import Aws

pytestmark = pytest.mark.system


@on_aws
def test_an_unknown_route_responds_as_everywhere(runtime: Aws) -> None:
    for method, path in (("GET", "/nope"), ("POST", "/check_monitors"), ("GET", "/alerts/1/2"), ("GET", "/$default")):
        problem(runtime.call(method, path), 404)


@on_aws
def test_an_unknown_page_of_the_dashboard_is_a_page(runtime: Aws) -> None:
    for path in ("/dashboard/alert/12", "/dashboard/alerts/12/more"):
        page = requests.get(runtime.url("GET", path, None), headers={"Accept": "text/html"}, timeout=60)
        assert (page.status_code, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


@on_aws
def test_a_new_secret_replaces_instances_with_the_old_one(runtime: Aws) -> None:
    before, other = runtime.environment("health"), "another-key-that-is-for-tests-only"
    runtime.get("/")  # now the instance has read its secrets
    with runtime.redeployed("health", API_KEY=other) as (environment, url):
        # Lambda replaces a function's instances if its configuration changes.
        assert dict(environment.items() ^ before.items()).keys() == {"SECRET_NAMES"}
        statuses = {
            key: requests.get(url, headers={"X-API-Key": key}, timeout=60).status_code for key in (other, API_KEY)
        }
        assert statuses == {other: 200, API_KEY: 401}
        assert runtime.call("GET", "/", key=other).status_code == 401, "a running instance knows only the old one"
        assert runtime.get("/")["version"] == __version__


@on_aws
def test_a_run_at_the_tick_asks_for_the_next_one_and_a_later_one_does_not(runtime: Aws) -> None:
    at_tick, later = runtime.ticks(agent().name)
    waiting = runtime.later_runs()
    assert runtime.invoke(agent().name, at_tick)["checked"] >= 1
    assert runtime.later_runs() == waiting + 1
    assert runtime.invoke(agent().name, later)["checked"] >= 1
    assert runtime.later_runs() == waiting + 1


@on_aws
def test_reports_reach_the_backend_without_the_api(runtime: Aws, watch: Watch) -> None:
    """BACKEND_URL leads nowhere here: the agent calls the functions themselves, and signs each call."""
    assert runtime.environment(agent().name)["BACKEND_URL"] == "http://127.0.0.1:1"
    before = len(runtime.called)
    watch.check()
    assert {each.rpartition(":")[2] for each in runtime.called[before:]} == {
        "bonghwa-claim-checks",
        "bonghwa-ingest-event",
    }


@on_aws
def test_a_topic_is_notified_with_lambdas_own_boto3(runtime: Aws, aws_server: str, failure: dict[str, Any]) -> None:
    session = aws.session()
    sns, sqs = session.client("sns", endpoint_url=aws_server), session.client("sqs", endpoint_url=aws_server)
    topic, queue = sns.create_topic(Name="outages")["TopicArn"], sqs.create_queue(QueueName="outages")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    key = {"X-API-Key": API_KEY}
    with runtime.one_more("ingest_event", SNS_TOPIC_ARN=topic) as url:
        alert = requests.post(f"{url}/events", json=failure, headers=key, timeout=60).json()["alert"]
    with runtime.one_more("deliver_notifications", SNS_TOPIC_ARN=topic) as url:

        def is_sent() -> bool:
            # The first attempt may time out, because loading boto3 takes long.
            runtime.make_due()
            requests.post(f"{url}/deliver_notifications", headers=key, timeout=60).raise_for_status()
            return ("sns", "OUTAGE") in sent(runtime, alert)

        wait_until(is_sent, 60, otherwise=runtime.printed)
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["Message"].splitlines()[0] == f"OUTAGE {failure['target_url']}"


@on_aws
def test_lambda_finds_only_the_zip_and_its_own_libraries(runtime: Aws) -> None:
    runtime.start()
    for instance in runtime.sandboxes.values():
        instance.wait_until_ready()
        own, brought, *standard = instance.path
        assert (own, brought) == (str(runtime.code), str(runtime.unpacked / sandbox.LIBRARIES))
        assert not [place for place in standard if "site-packages" in place or Path(place).is_relative_to(ROOT)]
    assert {function["Handler"] for function in runtime.functions.values()} == {"infra.clouds.aws.handler.handler"}
