"""Cheaper choices, a region's price, and month 12 beside month 1."""

import json
from pathlib import Path

import pytest

from infra.plan import show
from infra.plan.plans import REFERENCE, load_of, plan_for, plan_of, price_list
from infra.plan.savings import LEAST_DOLLARS, with_savings
from tests.infra.plan.planned import CLOUDS, dollars, line, plan


@pytest.mark.slow
@pytest.mark.parametrize("platform", CLOUDS)
def test_each_saving_is_what_the_change_saves(platform: str, tmp_path: Path) -> None:
    file = tmp_path / "bonghwa.yaml"

    def planned(**fields: str) -> float:
        monitors = [{"name": f"S{n}", "url": f"https://s{n}.example/", "interval": "30s", **fields} for n in range(150)]
        file.write_text(json.dumps({"monitors": monitors}))
        return plan_for(platform, {"CONFIG_FILE": str(file), "TARGET_URL": ""}).dollars

    usual = planned()
    found = with_savings(plan_for(platform, {"CONFIG_FILE": str(file), "TARGET_URL": ""})).savings
    saved = {each.change: each.dollars for each in found}
    expected = {
        "connection: reuse in bonghwa.yaml for each HTTP monitor": usual - planned(connection="reuse"),
        "an interval of 60 s": usual - planned(interval="60s"),
        "a small machine with SQLite instead": usual - dollars(plan("local")),
    }
    assert saved == pytest.approx({change: less for change, less in expected.items() if less >= LEAST_DOLLARS})
    assert list(saved.values()) == sorted(saved.values(), reverse=True)


def test_what_is_saved_is_shown() -> None:
    found = with_savings(plan("gcp", 1000))
    text = show.text(found)
    for each in found.savings:
        assert f"  {each.change} saves {each.dollars:,.2f} $ a month" in text
    assert show.as_json(found)["savings"][0] == {
        "change": found.savings[0].change,
        "dollars": round(found.savings[0].dollars, 4),
    }
    assert not with_savings(plan("local")).savings
    assert not with_savings(plan("gcp", CHECK_INTERVAL_SECONDS="7")).savings


@pytest.mark.parametrize("platform", CLOUDS)
def test_the_database_costs_the_same_in_month_twelve(platform: str) -> None:
    """Events are deleted after a week, so that the smallest disk suffices."""
    of = plan(platform, 1000)
    assert of.database == of.database_in_a_year
    assert of.dollars == pytest.approx(dollars(of) + sum(each.dollars for each in of.database))


@pytest.mark.parametrize(("platform", "unit"), [("gcp", "GB of its SSD"), ("aws", "GB of its gp3 storage")])
def test_a_long_retention_costs_more_in_month_twelve(platform: str, unit: str) -> None:
    of = plan(platform, 1000, RETENTION_EVENTS="400d")
    [later] = [each for each in of.database_in_a_year if each.price.unit == unit]
    assert later.quantity == pytest.approx(12 * line(of, unit).quantity, rel=0.35)
    assert later.quantity == pytest.approx(of.bytes_a_day * 365 / 1e9, rel=0.05)
    assert " → " in show.table_row(of)
    text = show.text(of)
    assert f"{sum(each.dollars for each in of.database_in_a_year):,.2f}" in text.partition("in month 12")[2]
    [saving] = [each for each in with_savings(of).savings if each.change == "RETENTION_EVENTS=7d"]
    assert saving.dollars == pytest.approx(of.dollars - plan(platform, 1000).dollars)


def test_a_region_of_tier_2_is_dearer_at_google() -> None:
    usual, seoul = (plan_of("gcp", load_of(REFERENCE, 1000), region) for region in ("europe-west1", "asia-northeast3"))
    assert "asia-northeast3" in seoul.name
    cpu, dearer = line(usual, "vCPU-seconds"), line(seoul, "vCPU-seconds")
    # The free part is worth 180,000 seconds of tier 1.
    assert dearer.dollars == pytest.approx(cpu.quantity * 0.0000336 - 180_000 * 0.000024, abs=0.001)
    more = dollars(seoul) - dollars(usual)
    assert any(note.endswith(f"costs {more:,.2f} $ more a month") for note in usual.notes)
    assert any(note.endswith(f"costs {more:,.2f} $ less a month") for note in seoul.notes)


def test_a_region_of_amazon_has_the_listed_prices() -> None:
    load = load_of(REFERENCE, 10)
    listed, other = (plan_of("aws", load, region) for region in (price_list()["aws"]["region"], "ap-northeast-2"))
    assert dollars(listed) == dollars(other)
    assert "the prices are those of us-east-1: ap-northeast-2 may be dearer" in other.notes
    assert not any("may be dearer" in note for note in listed.notes)
