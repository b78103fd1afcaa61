"""A deployment on AWS by the manual: what it announces, changes, leaves alone and removes."""

import json
import re
import shlex
from typing import Any

import pytest

from infra.clouds.aws.target import dashed
from infra.table import rows
from tests.infra.clouds.aws.life import OTHERS, SECRETS, Life, Steps, of_parameter
from tests.infra.clouds.deployer import Step, manual
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
    assert f"PUBLIC_URL={url[1]} in .env.aws, and deploy again" in deployed.said
    secrets = secrets_of(deployed)
    assert secrets["store-1"] == {"DATABASE_URL": "postgresql://user:password@host/name?sslmode=require"}
    assert set(secrets) == {"everyone-1", "store-1"}
    # The key that the manual shows.
    key = secrets["everyone-1"]["API_KEY"]
    assert len(key) > 30
    project = life_on_aws.zip.parent.parent
    assert shown_by_curl(manual("aws")[3], project)[:2] == ["-H", f"X-API-Key: {key}"]
    assert (ended.returncode, ended.error) == (0, "")


@pytest.mark.system
def test_taking_it_away_leaves_nothing_but_what_is_not_ours(steps: Steps) -> None:
    left = {kind: list(things) for kind, things in steps["ended"].state.items() if things}
    assert left == {**OTHERS, "versions": OTHERS["secrets"], "buckets": ["theirs"]}
    for step in steps.values():
        assert all(OTHERS[kind] == [each for each in step.state[kind] if each in OTHERS[kind]] for kind in OTHERS)
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


@pytest.mark.system
def test_what_is_made_has_the_names_that_were_agreed_to(steps: Steps) -> None:
    deployed = steps["deployed"]
    announced = deployed.said.partition("Go on?")[0]
    made = [name for name in deployed.state["buckets"] if name not in steps["ended"].state["buckets"]]
    made += [name for name in deployed.state["secrets"] if name not in OTHERS["secrets"]]
    assert len(made) == 3
    assert all(name in announced for name in made)


def changes(steps: Steps, name: str) -> list[Call]:
    return [call for call in steps[name].calls if not call.is_read]


@pytest.mark.system
@pytest.mark.parametrize(
    ("step", "words"),
    [
        (
            "deployed",
            [
                "This deploys to",
                f"create-bucket bonghwa-{REGION}-",
                "put-parameter /bonghwa/store-1-",
                "deploy bonghwa",
            ],
        ),
        ("refused", ["This updates what is in", "s3 cp build/bonghwa.zip", "deploy bonghwa"]),
        (
            "end refused",
            [
                "This deletes from",
                "delete-stack bonghwa",
                "delete-parameters /bonghwa/",
                " /bonghwa/store-1-",
                "delete-bucket",
            ],
        ),
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
    assert not [call for call in changed.calls if "put-parameter" in call.words]


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
    assert [of_parameter(each) for each in set(before["secrets"]) - set(fewer["secrets"])] == ["agent-1"]
    assert (len(before["subscriptions"]), fewer["subscriptions"]) == (1, [])
    [keys] = [keys for name, keys in fewer["buckets"].items() if name != "theirs"]
    assert len(keys) == 1
    told = fewer["functions"]["bonghwa-check-monitors"]["Environment"]["Variables"]
    assert [of_parameter(each) for each in told["SECRET_NAMES"].split()] == ["everyone-1", "channels-1"]
    told = [steps[each].state["functions"]["bonghwa-health"] for each in ("deployed", "again", "fewer")]
    first, again, last = (each["Environment"]["Variables"]["SECRET_NAMES"] for each in told)
    assert first != again, "instances that have read another secret are replaced"
    assert again == last


@pytest.mark.system
def test_no_secret_is_on_a_command_line_screen_or_variable(steps: Steps) -> None:
    secrets = leaks.secrets_of(SECRETS) | {"DATABASE": {"pass-of-the-database"}}
    for step in steps.values():
        variables = json.dumps(step.state.get("functions"), default=str)
        said = "\n".join([step.said, step.error, variables, *(each for call in step.calls for each in call.arguments)])
        assert not leaks.found_in(said.encode(), secrets)
    # They were stored.
    assert secrets_of(steps["changed"]) == {
        "everyone-1": {"API_KEY": SECRETS["API_KEY"]},
        "store-1": {"DATABASE_URL": SECRETS["DATABASE_URL"]},
        "channels-1": {name: SECRETS[name] for name in ("CHANNELS", "TELEGRAM_BOT_TOKEN")},
        "agent-1": {"HEARTBEAT_URL": SECRETS["HEARTBEAT_URL"]},
    }


def secrets_of(step: Step[Call]) -> dict[str, Any]:
    """Our secrets that the cloud keeps, by a secret's part."""
    stored = step.state["secrets"].items()
    return {of_parameter(name): json.loads(text) for name, text in stored if name not in OTHERS["secrets"]}
