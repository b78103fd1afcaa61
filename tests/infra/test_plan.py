"""The plan: what a load costs on each platform and what it can do there, against the clouds' rules and by hand."""

import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.clouds.aws import stages as aws_stages
from infra.clouds.aws.target import Existing as AwsExisting
from infra.clouds.aws.target import Place as AwsPlace
from infra.clouds.aws.template import document
from infra.clouds.cli import Command, File
from infra.clouds.gcp import stages
from infra.clouds.gcp.project import Existing, Place
from infra.plan import aws, gcp, show
from infra.plan.measured import Cost, Measured, measured
from infra.plan.model import Calls, Line, Plan, Price
from infra.plan.plans import PLATFORMS, REFERENCE, REFERENCE_MONITORS, load_of, plan_of, price_list, reference
from infra.table import rows
from shared import ROOT
from shared.delivery.run import AT_ONCE
from shared.settings import SettingError
from tests.support.running import copy_project

CLOUDS = ("gcp", "aws")
PRICES = {platform: {name: Price(**it) for name, it in price_list()[platform]["prices"].items()} for platform in CLOUDS}


def plan(platform: str, monitors: int = 10, **variables: str) -> Plan:
    return plan_of(platform, load_of({**REFERENCE, **variables}, monitors))


def line(of: Plan, unit: str) -> Line:
    return next(each for each in [*of.bill, *of.database] if each.price.unit == unit)


def dollars(of: Plan) -> float:
    return sum(each.dollars for each in of.bill)


def at_list_price(of: Plan) -> float:
    return sum(each.at_list_price for each in of.bill)


# --- prices -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "price", "expected"),
    [
        # Two jobs in each of five projects: three free, seven paid for (Google's page on Cloud Scheduler).
        (10, PRICES["gcp"]["jobs"], 0.70),
        # 25,000 operations in a month are 2.5 times 10,000, of which one is free (Google's page on Secret Manager).
        (25_000, PRICES["gcp"]["secret_reads"], 0.045),
        # 12 million calls, 2 million of them free.
        (12_000_000, PRICES["gcp"]["gateway"], 30.00),
        # Three million requests of a second with 512 MB, on Lambda: 2 million and 1.1 million GB-seconds are paid for.
        (3_000_000, PRICES["aws"]["requests"], 0.40),
        (1_500_000, PRICES["aws"]["memory"], 14.67),
        # A Cloud Run instance of one processor that is busy all month.
        (2_628_000, PRICES["gcp"]["cpu"], 58.75),
        # What is free costs nothing.
        (6, PRICES["gcp"]["secrets"], 0.0),
        (7, PRICES["gcp"]["secrets"], 0.06),
    ],
)
def test_a_line_costs_what_the_clouds_own_examples_say(quantity: float, price: Price, expected: float) -> None:
    assert Line(quantity, price).dollars == pytest.approx(expected, abs=0.005)


@given(
    st.floats(0, 1e12), st.floats(0, 1e12), st.sampled_from([each for of in PRICES.values() for each in of.values()])
)
def test_more_never_costs_less_nor_more_than_the_list_price(one: float, another: float, price: Price) -> None:
    less, more = (Line(quantity, price) for quantity in sorted((one, another)))
    assert 0 <= less.dollars <= less.at_list_price
    assert less.dollars <= more.dollars


@pytest.mark.parametrize("platform", CLOUDS)
def test_every_price_says_where_it_is_from_and_of_when(platform: str) -> None:
    assert isinstance(price_list()["looked_up"], date)
    for price in PRICES[platform].values():
        assert price.dollars > 0
        assert price.per >= 1
        assert price.free >= 0
        assert price.source.startswith(("https://", "as several public projects"))
        assert re.fullmatch(r"undated|\d{4}(-\d\d(-\d\d)?)?", price.of), price


# --- what was measured --------------------------------------------------------------------------------------------

TWO_POINTS = {"f": {"10": {"wall_ms": 100.0, "cpu_ms": 20.0}, "100": {"wall_ms": 190.0, "cpu_ms": 10.0}}}


@pytest.mark.parametrize(
    ("much", "wall_ms"),
    [
        (1, 100.0),  # less than was measured takes as long as the least
        (10, 100.0),
        (55, 145.0),  # between, along a straight line
        (100, 190.0),
        (1000, 1090.0),  # and beyond
    ],
)
def test_straight_lines_join_and_extend_the_measurements(much: float, wall_ms: float) -> None:
    assert Measured(TWO_POINTS).of("f", much).wall_ms == pytest.approx(wall_ms)


def test_more_to_do_never_takes_less() -> None:
    assert Measured(TWO_POINTS).of("f", 100).cpu_ms == 20.0


@pytest.mark.parametrize(
    ("share", "seconds"),
    [
        (1.0, 0.3),
        (2.0, 0.3),  # it cannot use more than one processor
        (0.25, 0.6),  # 0.1 s of computing takes 0.4 s
    ],
)
def test_a_smaller_share_slows_computing_and_not_waiting(share: float, seconds: float) -> None:
    assert Cost(wall_ms=300, cpu_ms=100).seconds(share) == pytest.approx(seconds)


def test_the_measurements_say_where_and_when_and_cover_the_table() -> None:
    found = measured().found
    assert measured().machine
    assert date.fromisoformat(measured().measured_on)
    assert [int(monitors) for monitors in found["check_monitors"]] == [1, *REFERENCE_MONITORS]
    for figures in found["check_monitors"].values():
        assert figures["wall_ms"] > found["site_answers_after_ms"]
        assert figures["reports"] >= 1


# --- the model ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", PLATFORMS)
@given(monitors=st.integers(1, 1000), more=st.integers(0, 500))
@example(monitors=10, more=90)
@settings(max_examples=15, deadline=None)
def test_more_monitors_never_take_or_cost_less(platform: str, monitors: int, more: int) -> None:
    few, many = plan(platform, monitors), plan(platform, monitors + more)
    if few.refusals:
        assert many.refusals
    if many.refusals:
        return
    assert sum(each.times for each in few.calls) <= sum(each.times for each in many.calls)
    assert few.rows_a_day <= many.rows_a_day
    assert few.bytes_a_day <= many.bytes_a_day
    for less, greater in zip(few.bill, many.bill, strict=True):
        assert less.quantity <= greater.quantity, less.price.unit
    assert dollars(few) <= dollars(many)
    assert at_list_price(few) <= at_list_price(many)


@pytest.mark.parametrize("platform", CLOUDS)
def test_a_check_a_minute_costs_less_than_one_every_30_s(platform: str) -> None:
    often, seldom = plan(platform, 100), plan(platform, 100, CHECK_INTERVAL_SECONDS="60")
    assert at_list_price(seldom) < at_list_price(often)
    assert often.calls[0].times == 2 * seldom.calls[0].times == 87_600
    assert often.seconds == pytest.approx(seldom.seconds - 30)


def test_googles_quantities_are_those_calculated_by_hand() -> None:
    ten = plan("gcp")
    # 43,800 minutes in a month of 730 hours: two looks and one delivery each, and a report or more for each look.
    calls = {each.function: each for each in ten.calls}
    assert calls["check_monitors"].times == 87_600
    assert calls["deliver_notifications"].times == pytest.approx(43_800)
    assert calls["ingest_event"].times == pytest.approx(87_600 * measured().of("check_monitors", 10).reports)
    # In every minute one workflow sleeps and then calls: two steps, of which Google bills each.
    assert line(ten, "workflow steps").quantity == pytest.approx(87_600)
    assert line(ten, "workflow steps").dollars == pytest.approx(0.826)
    look = calls["check_monitors"].cost
    seconds = gcp.billed((look.wall_ms + look.cpu_ms * (1 / 0.333 - 1)) / 1000)
    assert line(ten, "vCPU-seconds").quantity > 87_600 * seconds * 0.333
    # A line for each look, and one of Google's own for each request.
    own = 87_600 * (look.log_bytes + 10 * gcp.ENTRY_BYTES)
    assert own / 2**30 < line(ten, "GiB of logs").quantity < 2 * own / 2**30 + 1


def test_amazons_quantities_are_those_calculated_by_hand() -> None:
    ten = plan("aws")
    # Half of the looks come through the queue, three requests each; Lambda asks five times in 20 s all month.
    assert line(ten, "queue requests").quantity == pytest.approx(5 * 2_628_000 / 20 + 3 * 43_800)
    assert line(ten, "scheduler calls").quantity == pytest.approx(175_200)
    assert line(ten, "hours of its public IPv4 address").at_list_price == pytest.approx(3.65)
    assert line(ten, "hours of RDS, db.t4g.micro").at_list_price == pytest.approx(11.68)
    look = {each.function: each for each in ten.calls}["check_monitors"].cost
    seconds = aws.billed((look.wall_ms + look.cpu_ms * (1769 / 512 - 1)) / 1000)
    assert line(ten, "GB-seconds, arm64").quantity > 87_600 * seconds / 2
    # Nothing is asked where there is no queue.
    assert line(plan("aws", CHECK_INTERVAL_SECONDS="60"), "queue requests").quantity == 0


@pytest.mark.parametrize(
    ("seconds", "of_google", "of_amazon"), [(0.0, 0.0, 0.0), (0.1, 0.1, 0.1), (0.1001, 0.2, 0.101), (1.0, 1.0, 1.0)]
)
def test_time_is_billed_as_each_cloud_rounds_it(seconds: float, of_google: float, of_amazon: float) -> None:
    assert gcp.billed(seconds) == pytest.approx(of_google)
    assert aws.billed(seconds) == pytest.approx(of_amazon)


def test_calls_and_starts_are_billed_by_their_time_and_size() -> None:
    # 1,000 calls of 250 ms and 10 starts of a second, with half a processor and 512 MB.
    made = [Calls("check_monitors", 1000, Cost(wall_ms=250), 10, Cost(wall_ms=1000))]
    shares, memory = {"check_monitors": 0.5}, {"check_monitors": 512.0}
    # 300 ms each at Google: 310 s, of which half in each unit.
    assert gcp._compute(made, shares, memory) == pytest.approx((155, 155))
    assert aws._compute(made, shares, memory) == pytest.approx(130)


def test_the_worst_delay_is_the_sum_of_all_its_terms() -> None:
    own, google, amazon = (plan(platform) for platform in ("local", "gcp", "aws"))
    for each in (own, google, amazon):
        assert each.seconds == pytest.approx(sum(term.seconds for term in each.delay))
        assert each.seconds > 30 + 10 + AT_ONCE.ends_at
        # The interval, the schedule, two functions, the look and the message.
        assert len(each.delay) == 6
    assert own.seconds < google.seconds < amazon.seconds
    assert own.seconds == pytest.approx(41, abs=1)
    slower = plan("gcp", CHECK_TIMEOUT_SECONDS="30")
    assert slower.seconds == pytest.approx(google.seconds + 20)


def test_the_database_grows_by_a_row_a_check() -> None:
    for platform, engine in (("local", "sqlite"), ("gcp", "postgresql")):
        of = plan(platform, 100)
        assert of.rows_a_day == pytest.approx(100 * 2880, rel=0.001)
        event = measured().bytes_of(f"database.{engine}", "event_bytes")
        # The address of the reference is some bytes shorter than the one that was measured with.
        assert of.bytes_a_day == pytest.approx(100 * 2880 * event, rel=0.1)
    on_postgresql = plan("local", 100, DATABASE_URL="postgresql://u:p@127.0.0.1:5432/b")
    assert on_postgresql.bytes_a_day == plan("gcp", 100).bytes_a_day


def test_without_a_line_for_each_look_the_logs_cost_less() -> None:
    told, quiet = plan("gcp", 1000), plan("gcp", 1000, LOG_LEVEL="WARNING")
    assert line(quiet, "GiB of logs").quantity < line(told, "GiB of logs").quantity / 10


# --- refusals -----------------------------------------------------------------------------------------------------

LONG = "https://service-1.example.com/" + "x" * 40_000


@pytest.mark.parametrize(
    ("platform", "monitors", "variables", "reason"),
    [
        ("gcp", 10, {"CHECK_INTERVAL_SECONDS": "5"}, "expected 10, 12, 15, 20, 30 or 60 seconds"),
        ("gcp", 10, {"CHECK_INTERVAL_SECONDS": "45"}, "as Google's scheduler can keep"),
        ("gcp", 10, {"SNS_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:bonghwa"}, "expected no topic"),
        ("aws", 10, {"CHECK_INTERVAL_SECONDS": "20"}, "expected 30 or 60 seconds"),
        ("aws", 10, {"CHECK_INTERVAL_SECONDS": "420"}, "as Amazon's scheduler can keep"),
        ("gcp", 1100, {}, "TARGET_URL is 34,099 bytes long"),
        ("gcp", 1, {"TARGET_URL": LONG}, "TARGET_URL is 40,030 bytes long"),
        # What is too long for a variable stands in a secret, and that may be longer.
        ("aws", 2200, {}, "of 68,199 characters': expected at most 65,536 characters"),
        ("aws", 10, {"LOCATION": "x" * 255, "HEARTBEAT_URL": f"https://hc.example/{'x' * 70_000}"}, "HEARTBEAT_URL"),
        # The run that was measured takes longer than that.
        ("local", 1000, {"CHECK_INTERVAL_SECONDS": "2"}, "but the next one begins after 2 s"),
        ("local", 100_000, {"CHECK_INTERVAL_SECONDS": "3600"}, "but may take 300 s"),
    ],
)
def test_what_a_platform_cannot_do_is_refused(
    platform: str, monitors: int, variables: dict[str, str], reason: str
) -> None:
    refused = plan(platform, monitors, **variables)
    assert [each for each in refused.refusals if reason in each], refused.refusals
    assert not refused.bill
    assert "cannot do that" in show.text(refused)


@pytest.mark.parametrize(
    ("platform", "seconds"),
    [*(("gcp", each) for each in (10, 12, 15, 20, 30, 60, 300, 3600)), *(("aws", each) for each in (30, 60, 300))],
)
def test_what_it_can_do_is_not(platform: str, seconds: int) -> None:
    assert not plan(platform, CHECK_INTERVAL_SECONDS=str(seconds)).refusals


def test_a_malformed_setting_is_named() -> None:
    with pytest.raises(SettingError, match="CHECK_INTERVAL_SECONDS is 'often'"):
        load_of({**REFERENCE, "CHECK_INTERVAL_SECONDS": "often"})
    with pytest.raises(SettingError, match="TARGET_URL is not set"):
        load_of({})


# --- against what is deployed -------------------------------------------------------------------------------------

DEPLOYED = {
    **REFERENCE,
    "API_KEY": "a-key-of-the-cloud-alone",
    "DATABASE_URL": "postgresql://watcher:pass-of-the-database@db.example/bonghwa",
    "HEARTBEAT_URL": "https://hc.example/ping/heartbeats-own-uuid",
}


@pytest.mark.parametrize(("seconds", "heartbeat"), [("10", True), ("30", True), ("60", False), ("300", False)])
def test_google_is_reckoned_with_what_a_deployment_makes(seconds: str, heartbeat: bool) -> None:
    told = {**DEPLOYED, "CHECK_INTERVAL_SECONDS": seconds}
    told["HEARTBEAT_URL"] = DEPLOYED["HEARTBEAT_URL"] if heartbeat else ""
    told = {name: value for name, value in told.items() if value}
    place = Place("my-project", "1", "us-central1", "us-central1")
    commands = [command for stage in stages.deployment(place, Existing(), told) for command in stage.commands]

    def made(*words: str) -> list[Command]:
        return [each for each in commands if tuple(each.words()[1 : 1 + len(words)]) == words]

    load = load_of({name: value for name, value in told.items() if name != "DATABASE_URL"}, 10)
    of = plan_of("gcp", load)
    assert line(of, "scheduler jobs").quantity == len(made("scheduler", "jobs", "create"))
    assert line(of, "secret versions").quantity == len(made("secrets", "create"))
    workflows = [file for each in made("workflows", "deploy") for file in each.files]
    assert (line(of, "workflow steps").quantity > 0) == bool(workflows)
    for workflow in workflows:
        assert isinstance(workflow, File)
        later = line(of, "scheduler jobs").quantity - 3
        assert line(of, "workflow steps").quantity == pytest.approx(
            43_800 * later * len(workflow.content["main"]["steps"])
        )
    reads = sum(
        word.count(":latest") for each in made("functions", "deploy") for word in each.words() if "set-secrets" in word
    )
    assert line(of, "secret reads").quantity == pytest.approx(reads * 24 * 730 / 24)


@pytest.mark.parametrize("seconds", ["30", "60"])
def test_amazon_is_reckoned_with_what_a_deployment_makes(seconds: str, tmp_path: Path) -> None:
    told = {**DEPLOYED, "CHECK_INTERVAL_SECONDS": seconds}
    package = tmp_path / "package.zip"
    package.write_bytes(b"a zip")
    place = AwsPlace("123456789012", "us-east-1")
    commands = [
        command
        for stage in aws_stages.deployment(place, AwsExisting(), told, package, "")
        for command in stage.commands
    ]
    secrets = [each for each in commands if each.words()[1:3] == ["secretsmanager", "create-secret"]]
    of = plan_of("aws", load_of({name: value for name, value in told.items() if name != "DATABASE_URL"}, 10))
    assert line(of, "secrets").quantity == len(secrets) == 4
    resources = document()["Resources"]
    kinds = [each["Type"] for each in resources.values()]
    assert line(of, "alarms").quantity == kinds.count("AWS::CloudWatch::Alarm")
    # Each minute two checks or one, a delivery and a review.
    assert kinds.count("AWS::Scheduler::Schedule") == 4
    assert line(of, "scheduler calls").quantity == pytest.approx(43_800 * (4 if seconds == "30" else 3))
    assert (line(of, "queue requests").quantity > 0) == (seconds == "30")
    # The memory is the template's, which the time is multiplied with.
    sizes = {each["Properties"]["MemorySize"] for each in resources.values() if "MemorySize" in each["Properties"]}
    assert sizes == {512}


def test_every_function_that_is_called_by_itself_is_in_the_plan() -> None:
    planned = {each.function for each in plan("aws").calls}
    assert {row.name for row in rows() if row.every is not None} | {"ingest_event"} <= planned


# --- what is printed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("readme", ["README.md", "README.ko.md"])
def test_the_manuals_table_is_what_the_command_computes(readme: str) -> None:
    text = (ROOT / "infra/plan" / readme).read_text(encoding="utf-8")
    stated = re.findall(r"(?m)^\| [\d,]+ \| `(?:local|gcp|aws)` \|.*$", text)
    assert stated == [show.table_row(each) for each in reference()], "make them with `python -m infra plan --table`"
    assert f"{price_list()['looked_up']}" in text
    assert measured().measured_on in text


def test_a_plan_says_all_of_it_to_a_person() -> None:
    of = plan("gcp", 100)
    text = show.text(of)
    assert text.startswith("Google Cloud Run functions, us-central1: 100 monitors every 30 s\n")
    for each in [*of.bill, *of.database]:
        assert each.price.unit in text
    for term in of.delay:
        assert term.what in text
    assert f"{dollars(of):,.2f}" in text
    assert f"{at_list_price(of):,.2f}" in text
    assumed = show.assumptions()
    assert str(price_list()["looked_up"]) in assumed
    assert measured().machine in assumed


def run(folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    project = folder / "project"
    if not project.exists():
        copy_project(project)
    (project / ".env").write_text("TARGET_URL=https://a.example/ https://b.example/\nCHECK_INTERVAL_SECONDS=60\n")
    command = [sys.executable, "-m", "infra", "plan", *arguments]
    return subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True)


@pytest.mark.system
def test_the_command_plans_what_is_configured_or_says_why_not(tmp_path: Path) -> None:
    done = run(tmp_path, "--json", DATABASE_URL="sqlite:///b.db")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert [each["platform"] for each in found] == list(PLATFORMS)
    assert all((each["monitors"], each["interval_seconds"]) == (2, 60.0) for each in found)
    assert all(each["price_list_looked_up"] == str(price_list()["looked_up"]) for each in found)
    refused = run(tmp_path, "--platform=aws", "--interval=20", "--monitors=10")
    assert refused.returncode == 1
    assert "cannot do that: CHECK_INTERVAL_SECONDS is '20'" in refused.stdout
