"""Quantities, time and growth, against the clouds' rules and calculations by hand."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.plan import aws, gcp
from infra.plan.measured import Cost, measured
from infra.plan.model import Calls
from infra.plan.plans import PLATFORMS
from shared.delivery.run import AT_ONCE
from tests.infra.plan.planned import CLOUDS, at_list_price, dollars, line, plan


@pytest.mark.slow
@pytest.mark.parametrize("platform", PLATFORMS)
@given(monitors=st.integers(1, 1000), more=st.integers(0, 500))
@example(monitors=10, more=90)
@settings(max_examples=15)
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
    # 43,800 minutes in a month of 730 hours: two checks and one delivery each, and a report for each run.
    calls = {each.function: each for each in ten.calls}
    assert calls["check_monitors"].times == 87_600
    assert calls["claim_checks"].times == calls["check_monitors"].times
    assert calls["deliver_notifications"].times == pytest.approx(43_800)
    assert calls["ingest_event"].times == calls["check_monitors"].times
    # In every minute one task is made and delivered, of which Google bills each beyond a million.
    assert line(ten, "queue operations").quantity == pytest.approx(87_600)
    assert line(ten, "queue operations").dollars == 0
    check = calls["check_monitors"].cost
    seconds = gcp.billed((check.wall_ms + check.cpu_ms * (1 / 0.333 - 1)) / 1000)
    assert line(ten, "vCPU-seconds").quantity > 87_600 * seconds * 0.333
    # With a line for each check, and always one of Google's own for each request.
    own = 87_600 * (check.log_bytes + 10 * gcp.ENTRY_BYTES)
    with_all = line(plan("gcp", LOG_LEVEL="DEBUG"), "GiB of logs").quantity
    assert own / 2**30 < with_all < 2 * own / 2**30 + 1
    assert with_all - line(ten, "GiB of logs").quantity == pytest.approx(own / 2**30, rel=0.01)


def test_amazons_quantities_are_those_calculated_by_hand() -> None:
    ten = plan("aws")
    # Half of the checks come through the queue, three requests each; Lambda asks five times in 20 s all month.
    assert line(ten, "queue requests").quantity == pytest.approx(5 * 2_628_000 / 20 + 3 * 43_800)
    assert line(ten, "scheduler calls").quantity == pytest.approx(131_400 + 730)
    assert line(ten, "hours of its public IPv4 address").at_list_price == pytest.approx(3.65)
    assert line(ten, "hours of RDS, db.t4g.micro").at_list_price == pytest.approx(11.68)
    check = {each.function: each for each in ten.calls}["check_monitors"].cost
    seconds = aws.billed(max(check.wall_ms, check.cpu_ms * 1769 / 512) / 1000)
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
    assert gcp.compute_time(made, shares, memory) == pytest.approx((155, 155))
    assert aws.compute_time(made, shares, memory) == pytest.approx(130)


def test_the_worst_delay_is_the_sum_of_all_its_terms() -> None:
    own, google, amazon = (plan(platform) for platform in ("local", "gcp", "aws"))
    for each in (own, google, amazon):
        assert each.seconds == pytest.approx(sum(term.seconds for term in each.delay))
        assert each.seconds > 30 + 10 + AT_ONCE.ends_at
        # The interval, the schedule, two functions, the check and the message.
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
        assert of.bytes_a_day == pytest.approx(100 * 2880 * event, rel=0.1)
    on_postgresql = plan("local", 100, DATABASE_URL="postgresql://u:p@127.0.0.1:5432/b")
    assert on_postgresql.bytes_a_day == plan("gcp", 100).bytes_a_day


def test_without_a_line_for_each_check_the_logs_cost_less() -> None:
    told, usual = plan("gcp", 1000, LOG_LEVEL="DEBUG"), plan("gcp", 1000)
    assert line(usual, "GiB of logs").quantity < line(told, "GiB of logs").quantity / 10
    quiet = plan("gcp", 1000, LOG_LEVEL="WARNING")
    assert line(quiet, "GiB of logs").quantity < line(usual, "GiB of logs").quantity


def test_a_run_reports_as_seldom_as_a_request_can_hold() -> None:
    for monitors, reports in ((1, 1), (1000, 1), (1001, 2)):
        calls = {each.function: each.times for each in plan("aws", monitors).calls}
        assert calls["ingest_event"] == pytest.approx(reports * calls["check_monitors"])
