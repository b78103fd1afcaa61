"""Plans of a file: each monitor has an interval of its own, which a platform may not be able to keep."""

import json
from pathlib import Path

import pytest

from infra.plan import show
from infra.plan.plans import PLATFORMS, plan_for
from shared.settings import SettingError
from tests.infra.plan.planned import CLOUDS, dollars, line, planned, web

# The most that 1,000 monitors every 30 s may cost, in dollars a month before the database.
BARS = {"gcp": 15.0, "aws": 12.0}
BARS_OF_A_HUNDRED = {"gcp": 2.0, "aws": 0.5}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_monitor_counts_with_its_own_interval(tmp_path: Path, platform: str) -> None:
    monitors = [web("A", interval="1m"), web("B", interval="5m"), web("C", interval="5m", enabled=False)]
    found = planned(tmp_path, platform, [*monitors, {"name": "Backup", "heartbeat": {"period": "1s"}}])
    assert (found.load.monitors, found.load.interval) == (2, 60)
    assert found.rows_a_day == pytest.approx(1440 + 288, rel=0.01)
    assert "2 monitors, some every 60 s" in show.text(found)
    assert "monitor 'B', the last one to open: it begins just after a check" in show.text(found)


@pytest.mark.parametrize(("platform", "shortest"), [("gcp", "10s"), ("aws", "30s")])
def test_an_interval_that_a_platform_cannot_keep_names_the_monitor(
    tmp_path: Path, platform: str, shortest: str
) -> None:
    monitors = [web("Slow"), web("Fast", interval="5s")]
    found = planned(tmp_path, platform, monitors)
    [refusal] = found.refusals
    assert "monitor 'Fast' is '5s'" in refusal
    assert f"expected {shortest} or more" in refusal
    assert not planned(tmp_path, "local", monitors).refusals


@pytest.mark.parametrize("platform", CLOUDS)
def test_a_monitor_that_lacks_a_variable_is_named(tmp_path: Path, platform: str) -> None:
    monitors = [web(name, bearer_token="${MONITOR_TOKEN}") for name in "AB"]
    words = "monitor 'A' and 1 more has ${MONITOR_TOKEN}, which is not set: a check without it says nothing"
    assert words in planned(tmp_path, platform, monitors).notes
    assert words not in planned(tmp_path, platform, monitors, MONITOR_TOKEN="sesame").notes
    assert words not in planned(tmp_path, "local", monitors).notes


def test_a_channel_may_name_any_variable(tmp_path: Path) -> None:
    file = tmp_path / "bonghwa.yaml"
    channels = {"ops": {"kind": "slack", "webhook_url": "${OPS_URL}"}}
    file.write_text(json.dumps({"channels": channels, "monitors": [web("A")]}))
    environ = {"OPS_URL": "https://hooks.example/x"}
    found = plan_for("aws", {"CONFIG_FILE": str(file)}, environ=environ)
    assert environ["OPS_URL"] in found.load.given["CHANNELS"]


@pytest.mark.slow
@pytest.mark.parametrize("platform", CLOUDS)
def test_a_file_of_a_thousand_monitors_is_no_variable(tmp_path: Path, platform: str) -> None:
    """TARGET_URL with so many does not fit into a Google function's variables."""
    monitors = [web(f"Service-{number:04}-with-a-long-name", interval="30s") for number in range(1500)]
    assert not planned(tmp_path, platform, monitors).refusals


@pytest.mark.slow
@pytest.mark.parametrize(("platform", "bar"), BARS.items())
def test_a_thousand_monitors_hold_the_bar_and_kept_connections_cost_less(
    tmp_path: Path, platform: str, bar: float
) -> None:
    monitors = [web(f"S{number}", interval="30s", connection="reuse") for number in range(1000)]
    kept = planned(tmp_path, platform, monitors)
    new = planned(tmp_path, platform, [{**monitor, "connection": "new"} for monitor in monitors])
    assert dollars(kept) < dollars(new) <= bar
    unit = "GiB to the internet" if platform == "gcp" else "GB to the internet"
    assert line(kept, unit).quantity < line(new, unit).quantity


@pytest.mark.parametrize(("platform", "bar"), BARS_OF_A_HUNDRED.items())
def test_a_hundred_monitors_hold_the_bar(tmp_path: Path, platform: str, bar: float) -> None:
    assert dollars(planned(tmp_path, platform, [web(f"S{number}", interval="30s") for number in range(100)])) <= bar


@pytest.mark.slow
def test_lambda_keeps_only_as_many_connections_as_it_can(tmp_path: Path) -> None:
    few, many = (
        planned(tmp_path, "aws", [web(f"S{number}", interval="30s", connection="reuse") for number in range(count)])
        for count in (256, 512)
    )
    assert few.load.kept(256) == many.load.kept(256) == few.load.checks


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_ping_from_a_function_is_warned_about(tmp_path: Path, platform: str) -> None:
    found = planned(tmp_path, platform, [{"name": name, "url": "icmp://a.example.com"} for name in ("Host", "Other")])
    is_warned = any("monitor 'Host' and 1 more: functions there may not" in note for note in found.notes)
    assert is_warned is (platform != "local")


def test_only_what_is_checked_there_counts(tmp_path: Path) -> None:
    monitors = [web("Here", locations=["seoul"]), web("There", locations=["busan"]), web("Anywhere")]
    assert planned(tmp_path, "gcp", monitors, LOCATION="seoul").load.monitors == 2


def test_the_files_channels_are_reckoned_with(tmp_path: Path) -> None:
    file = tmp_path / "bonghwa.yaml"
    hook = {"kind": "slack", "webhook_url": "https://hooks.example/x"}
    file.write_text(json.dumps({"channels": {"a": hook, "b": hook}, "monitors": [web("A")]}))
    given = {"CONFIG_FILE": str(file), "TARGET_URL": ""}
    for platform in PLATFORMS:
        assert set(json.loads(plan_for(platform, given).load.given["CHANNELS"])) == {"a", "b"}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bonghwa.yaml"
    file.write_text("monitors: [{name: A, url: 'http://a/', interval: soon}]")
    with pytest.raises(SettingError, match="interval is 'soon'"):
        plan_for("gcp", {"CONFIG_FILE": str(file)})
