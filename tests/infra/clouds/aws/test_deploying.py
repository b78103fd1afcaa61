"""A deployment on AWS by the manual: what it announces, changes, leaves alone and removes."""

import json
import re
import shlex
from typing import Any

import pytest

from infra.clouds.aws.target import dashed
from infra.table import rows
from tests.infra.clouds.aws.life import PLACE, SECRETS, Life, Steps
from tests.infra.clouds.deployer import manual
from tests.support import leaks
from tests.support.moto_aws import ACCOUNT, REGION, Call
from tests.support.running import shown_by_curl

pytestmark = pytest.mark.together("aws")


@pytest.mark.system
def test_the_manual_leads_to_a_deployment_and_back(steps: Steps, life_on_aws: Life) -> None:
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
    assert shown_by_curl(manual("aws")[3], project)[:2] == ["-H", f"X-API-Key: {key}"]
    assert (ended.returncode, ended.error) == (0, "")


@pytest.mark.system
def test_taking_it_away_leaves_nothing_but_what_is_not_ours(steps: Steps) -> None:
    left = {kind: list(things) for kind, things in steps["ended"].state.items() if things}
    assert left == {"secrets": ["bonghwas-other"], "buckets": ["theirs"]}
    assert steps["nothing left"].said == f"There is nothing of Bonghwa in {ACCOUNT}, {REGION}\n"


@pytest.mark.system
def test_a_dry_run_prints_what_a_run_does_and_changes_nothing(steps: Steps) -> None:
    assert all(call.is_read for call in steps["planned"].calls)
    assert steps["planned"].state == steps["refused"].state == steps["failed"].state
    printed = [line for line in steps["planned"].said.splitlines() if line.startswith("aws ")]
    # A run has its files in a folder of its own, which is gone by now.
    run = [
        re.sub(r"file:///\S*/(\w+\.json)", r"file://\1", shlex.join(["aws", *each.arguments]))
        for each in changes(steps, "changed")
    ]
    assert printed == run


def changes(steps: Steps, name: str) -> list[Call]:
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
def test_nothing_is_done_before_it_is_announced_and_agreed_to(steps: Steps, step: str, words: list[str]) -> None:
    asked = steps[step]
    assert all(each in asked.said.partition("Go on?")[0] for each in [*words, f"{ACCOUNT}, {REGION}:"])
    if "refused" in step:
        assert (asked.returncode, asked.error) == (1, "nothing was changed\n")
        assert all(call.is_read for call in asked.calls)


@pytest.mark.system
def test_a_failed_deployment_says_so_and_the_next_one_continues(steps: Steps) -> None:
    failed, changed = steps["failed"], steps["changed"]
    assert failed.returncode == 1
    assert failed.error.startswith("bonghwa: aws cloudformation deploy")
    assert "the connection was lost" in failed.error
    assert (changed.returncode, changed.error) == (0, "")
    # The secrets were stored by then, and are not again.
    assert not [call for call in changed.calls if {"create-secret", "put-secret-value"} & set(call.words)]


@pytest.mark.system
def test_an_update_without_a_change_changes_nothing(steps: Steps, stack: dict[str, Any]) -> None:
    again = steps["again"]
    assert (again.returncode, again.error) == (0, "")
    assert again.state == steps["changed"].state
    words = [" ".join(call.words[:2]) for call in changes(steps, "again")]
    assert words == ["s3 cp", "cloudformation deploy", "s3 rm"]
    [subscription] = stack["subscriptions"]
    assert subscription["Endpoint"] == "kim@example.com", "the mail stays although it was not said again"


@pytest.mark.system
def test_an_update_removes_what_is_needed_no_longer(steps: Steps) -> None:
    before, fewer = steps["again"].state, steps["fewer"].state
    assert set(before["secrets"]) - set(fewer["secrets"]) == {"bonghwa/agent"}
    assert len(fewer["buckets"][PLACE.bucket]) == 1
    told = fewer["functions"]["bonghwa-check-monitors"]["Environment"]["Variables"]
    assert told["SECRET_NAMES"] == "bonghwa/everyone bonghwa/channels"
    told = [steps[each].state["functions"]["bonghwa-health"] for each in ("deployed", "again", "fewer")]
    digests = [each["Environment"]["Variables"]["SECRETS_DIGEST"] for each in told]
    assert len(set(digests)) == 3, "instances that have read other secrets are replaced"


@pytest.mark.system
def test_no_secret_is_on_a_command_line_screen_or_variable(steps: Steps) -> None:
    secrets = leaks.secrets_of(SECRETS) | {"DATABASE": {"pass-of-the-database"}}
    for step in steps.values():
        variables = json.dumps(step.state.get("functions"), default=str)
        said = "\n".join([step.said, step.error, variables, *(each for call in step.calls for each in call.arguments)])
        assert not leaks.found_in(said.encode(), secrets)
    # They were stored.
    stored = steps["changed"].state["secrets"]
    assert {name: json.loads(stored[name]) for name in stored if "/" in name} == {
        "bonghwa/everyone": {"API_KEY": SECRETS["API_KEY"]},
        "bonghwa/store": {"DATABASE_URL": SECRETS["DATABASE_URL"]},
        "bonghwa/channels": {name: SECRETS[name] for name in ("CHANNELS", "TELEGRAM_BOT_TOKEN")},
        "bonghwa/agent": {"HEARTBEAT_URL": SECRETS["HEARTBEAT_URL"]},
    }
