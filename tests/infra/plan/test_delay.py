"""The worst delay of a file: thresholds, tries and whole runs count, and a check that outlasts its run is refused."""

from pathlib import Path
from typing import Any

import pytest

from infra.plan import show
from infra.plan.plans import PLATFORMS
from shared.delivery.run import AT_ONCE
from tests.infra.plan.planned import CLOUDS, planned, web

# A minute at most goes to late schedules, cold starts and the message.
OVERHEAD = 70.0
PATIENT = {"interval": "20m", "timeout": "280s", "retries": 3, "retry_interval": "60s"}


@pytest.mark.parametrize(
    ("platform", "fields", "seconds"),
    [
        # By the file's default, three checks in a row have to fail.
        ("local", {"interval": "1m"}, 60 + 2 * 60 + 10),
        ("local", {"interval": "1m", "failure_threshold": 1}, 60 + 10),
        ("local", {"interval": "1m", "failure_threshold": 1, "timeout": "30s"}, 60 + 30),
        # Each try has its own timeout.
        ("local", {"interval": "5m", "retries": 2, "retry_interval": "20s"}, 300 + 2 * 300 + 10 + 2 * 30),
        # A check of 1,300 s outlasts its interval, so the second one of two that are due is left out.
        ("local", PATIENT, 1200 + 2 * 2400 + 1300),
        # If the agent runs every 30 s, a monitor of 45 s is checked a minute later at worst.
        ("gcp", {"interval": "45s"}, 60 + 2 * 60 + 10),
        ("aws", {"interval": "45s"}, 60 + 2 * 60 + 10),
    ],
)
def test_an_outage_takes_as_long_as_its_policy_says(
    tmp_path: Path, platform: str, fields: dict[str, Any], seconds: float
) -> None:
    found = planned(tmp_path, platform, [web("A", **fields)])
    assert seconds + AT_ONCE.ends_at < found.seconds < seconds + OVERHEAD
    assert found.seconds == pytest.approx(sum(term.seconds for term in found.delay))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_monitor_that_opens_last_is_named(tmp_path: Path, platform: str) -> None:
    monitors = [web("Often", interval="1m"), web("Seldom", interval="5m", failure_threshold=1), web("Third")]
    text = show.text(planned(tmp_path, platform, [*monitors, web("Last", interval="2m")]))
    assert "the interval of monitor 'Last', the last one to open: it begins just after a check" in text
    assert "240.0  failure_threshold: 3 checks fail, 2m apart" in text


def test_a_target_beside_a_file_keeps_its_own_interval(tmp_path: Path) -> None:
    given = {"TARGET_URL": "https://a.example/", "CHECK_INTERVAL_SECONDS": "600"}
    found = planned(tmp_path, "local", [web("Often", interval="30s")], **given)
    assert found.seconds == pytest.approx(600 + 10 + AT_ONCE.ends_at, abs=1)
    assert found.rows_a_day == pytest.approx(2880 + 144, rel=0.01)


@pytest.mark.parametrize("platform", CLOUDS)
@pytest.mark.parametrize("fields", [{"interval": "1h", "timeout": "20m"}, PATIENT])
def test_a_check_that_outlasts_its_run_is_refused(tmp_path: Path, platform: str, fields: dict[str, Any]) -> None:
    monitors = [web("Usual"), web("Slow", **fields)]
    [refusal] = planned(tmp_path, platform, monitors).refusals
    assert "a run that waits for monitor 'Slow' until its timeout takes 1," in refusal
    assert "may take 300 s" in refusal
    assert not planned(tmp_path, platform, [web("Slow", interval="5m", timeout="4m")]).refusals
    assert not planned(tmp_path, "local", monitors).refusals
