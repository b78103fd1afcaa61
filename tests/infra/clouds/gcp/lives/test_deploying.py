"""A deployment on Google Cloud: what it announces, changes, leaves alone and removes."""

import json
import re
import runpy
import shlex
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.clouds.gcp.services import TOGETHER, services
from tests.infra.clouds.deployer import USUAL_SECRETS, Step
from tests.infra.clouds.gcp.life import CHANGED, OTHERS, SCHEDULE_KEY, Steps, only
from tests.support import leaks
from tests.support.recording_gcloud import Call, flags

pytestmark = pytest.mark.together("gcp")


def test_no_secret_is_on_a_command_line_or_on_the_screen(steps: Steps) -> None:
    all_of_them = {**USUAL_SECRETS, "SCHEDULE_KEY": SCHEDULE_KEY, "OTHER_SECRET": CHANGED["DATABASE_URL"]}
    secrets = leaks.secrets_of(all_of_them) | {"OTHER": {"pass-of-the-other", "pass-of-the-database"}}
    for step in steps.values():
        said = "\n".join([step.said, step.error, *(each for call in step.calls for each in call.arguments)])
        assert not leaks.found_in(said.encode(), secrets)
    # They did go somewhere.
    stored = json.dumps([(call.stdin, call.files) for call in steps["deployed"].calls])
    assert set(leaks.found_in(stored.encode(), secrets)) >= {"API_KEY", "TELEGRAM_BOT_TOKEN", "SCHEDULE_KEY"}


@pytest.mark.parametrize(("planned", "done"), [("planned", "deployed"), ("changes planned", "changed")])
def test_a_dry_run_prints_what_a_run_does_and_changes_nothing(steps: Steps, planned: str, done: str) -> None:
    assert all(call.is_read for call in steps[planned].calls)
    printed = [line for line in steps[planned].said.splitlines() if line.startswith("gcloud ")]
    assert sorted(as_printed(call) for call in steps[done].calls if not call.is_read) == sorted(map(timeless, printed))
    assert len(printed) > 30


def as_printed(call: Call) -> str:
    # Files are in a folder of their own then, which is gone by now.
    named = [re.sub(r"(^|=)/\S*/([^/]+\.json)$", r"\1\2", each) for each in call.arguments]
    return timeless(shlex.join(["gcloud", *named]) + (" < (a secret)" if call.stdin else ""))


def timeless(line: str) -> str:
    # A new queue's name is the time.
    return re.sub(r"bonghwa-\d{8}-\d{6}-\d{6}", "bonghwa-queue", line)


@pytest.mark.parametrize("step", ["refused", "end refused"])
def test_it_says_what_it_will_do_and_does_nothing_without_a_yes(steps: Steps, step: str) -> None:
    asked = steps[step]
    assert (asked.returncode, asked.error) == (1, "nothing was changed\n")
    assert all(call.is_read for call in asked.calls)
    begin, verb = {
        "refused": ("This deploys to", "run deploy"),
        "end refused": ("This deletes from", "run services delete"),
    }[step]
    assert f"{begin} my-project, asia-northeast3:" in asked.said
    for service in services(TOGETHER):
        assert f"{verb} {service.name}" in asked.said


def test_an_update_without_a_change_creates_nothing(steps: Steps) -> None:
    before, again = steps["deployed"], steps["again"]
    assert again.returncode == 0
    assert "This updates what is in my-project" in again.said
    assert not [call.words for call in again.calls if {"create", "delete", "add"} & set(call.words)]
    assert names(again.state) == names(before.state)
    assert again.state["secrets"] == before.state["secrets"]
    updates = {call.words[4]: call for call in only(again.calls, "scheduler", "jobs", "update", "http")}
    assert set(updates) == set(before.state["jobs"]) - set(OTHERS.values())
    [headers] = updates["bonghwa-deliver-notifications"].files.values()
    assert set(headers) == {"--update-headers"}, "what updating a job takes"
    assert services_of(again) == services_of(before)


def names(state: dict[str, Any]) -> dict[str, set[str]]:
    return {kind: set(things) for kind, things in state.items() if kind != "grants"}


def services_of(step: Step[Call]) -> list[list[str]]:
    return sorted(call.arguments for call in only(step.calls, "run", "deploy"))


def test_an_update_adds_what_is_new_and_removes_the_rest(steps: Steps) -> None:
    """The things of a version with functions behind an API Gateway are removed, too."""
    before, changed = steps["deployed"].state, steps["changed"].state
    assert set(changed["jobs"]) == {
        "bonghwa-check-monitors",
        "bonghwa-deliver-notifications",
        "bonghwa-maintain-store",
        "bonghwa-review-alerts",
        OTHERS["jobs"],
    }
    assert not any(
        changed[kind] for kind in ("functions", "workflows", "gateways", "configs", "gateway_apis", "queues")
    )
    assert set(changed["services"]) == set(before["services"])
    assert set(changed["accounts"]) == set(before["accounts"])
    assert changed["grants"] == before["grants"]
    assert "bonghwa-heartbeat-url" not in changed["secrets"]
    assert changed["secrets"]["bonghwa-database-url"] == [USUAL_SECRETS["DATABASE_URL"], CHANGED["DATABASE_URL"]]
    added = [call.words[3] for call in only(steps["changed"].calls, "secrets", "versions", "add")]
    assert added == ["bonghwa-database-url"]


def test_a_removal_leaves_only_the_apis_and_what_is_not_ours(steps: Steps) -> None:
    ended = steps["ended"]
    assert (ended.returncode, ended.error) == (0, "")
    left = {kind: list(things) for kind, things in ended.state.items() if kind != "apis" and things}
    assert left == {kind: [name] for kind, name in OTHERS.items()}
    assert steps["nothing left"].said == "There is nothing of Bonghwa in my-project, asia-northeast3\n"


def _sdk() -> Path | None:
    program = shutil.which("gcloud")
    tree = Path(program).resolve().parent.parent / "data" / "cli" / "gcloud_completions.py" if program else None
    return tree if tree and tree.exists() else None


@pytest.mark.skipif(_sdk() is None, reason="needs the list of commands that Google's SDK brings")
def test_googles_own_list_has_every_command_and_flag() -> None:
    """The table that the stand-in holds each call against, with the SDK of this machine."""
    tree = runpy.run_path(str(_sdk()))["STATIC_COMPLETION_CLI_TREE"]
    for command, known in flags.table()["commands"].items():
        node, words = tree, command.split()
        while words and words[0] in node.get("commands", {}):
            node = node["commands"][words.pop(0)]
        assert not words, command
        there = {flag.removeprefix("--") for flag in node["flags"]}
        assert not set(known.split()) - there, command


def test_the_table_of_flags_is_no_older_than_a_year() -> None:
    """Read the flags of a newer gcloud again, and say in the table which it was."""
    assert datetime.now(UTC).date() - flags.read_on() < timedelta(days=366)
