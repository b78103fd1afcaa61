"""Bars and lines: what is drawn, what is said, and where it leads."""

import xml.etree.ElementTree as ET

import pytest

from shared.pages.bars import Day, bar
from shared.pages.sparkline import sparkline
from shared.pages.states import ORDER, fires, shown_state


def test_good_days_are_no_markup() -> None:
    assert (
        bar([Day()] * 90, "shop: 100 %", "d90") == '<div class="bars b d90" role="img" aria-label="shop: 100 %"></div>'
    )


def test_a_bad_day_rises_and_leads_to_its_story() -> None:
    days = [Day()] * 89 + [Day("d", 0.5, "28 Nov · 50.00 % · 12 h down", "#o7")]
    drawn = bar(days, "shop", "d90")
    assert 'role="group"' in drawn
    assert '<path class="d" d="M356.2 0h3.6v29h-3.6Z"/>' in drawn
    assert '<a href="#o7" aria-label="28 Nov · 50.00 % · 12 h down">' in drawn
    assert 'text-anchor="end"' in drawn
    ET.fromstring(drawn)  # our own


@pytest.mark.parametrize("share", [0.0, 1e-9, 0.3, 1.0, 7.0])
def test_a_bad_day_is_seen_however_short_it_was(share: float) -> None:
    height = float(bar([Day("d", share, "", "")], "x", "d12").split('class="d" d="M18 0h324v')[1].split("h")[0])
    assert 22 <= height <= 36


def test_days_of_which_nothing_is_known_are_one_line() -> None:
    drawn = bar([Day("z")] * 60 + [Day()] * 30, "x", "d90")
    assert drawn.count("<path") == 2
    assert 'd="M0.2 33.5h240" stroke-dasharray="3.6 0.4"' in drawn


def test_each_mark_looks_different() -> None:
    drawn = {mark: bar([Day(mark, 0.2)], "x", "d12") for mark in ("d", "g", "p", "z")}
    assert len(set(drawn.values())) == 4


def test_labels_are_escaped() -> None:
    drawn = bar([Day("d", 1, '"><script>', '"><script>')], '"><script>', "d90")
    assert "<script" not in drawn
    assert "<script" not in sparkline([1, 2], '"><script>')


def test_a_line_has_gaps_where_nothing_was_measured() -> None:
    assert 'd="M0 12L2 3M6 3L8 3"' in sparkline([50, 100, None, 100, 100], "x")
    assert sparkline([None, 5, None], "x") == ""


def test_one_slow_check_does_not_press_the_rest_flat() -> None:
    values = [100.0] * 23 + [9_000.0]
    assert 'd="M0 3L2 3' in sparkline(values, "x")


def test_states_have_their_order_and_fires() -> None:
    assert ORDER[0] == "down"
    assert [shown_state("UP", is_slow=True), shown_state("DOWN", is_slow=True)] == ["slow", "down"]
    burning = [fires(None), fires("up"), fires("pend"), fires("slow"), fires("down", is_handled=True), fires("down")]
    assert burning == [0, 1, 2, 3, 4, 5]
