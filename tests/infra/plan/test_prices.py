"""The price list, and what a line of a bill costs."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.plan.model import Line, Price
from infra.plan.plans import price_list
from tests.infra.plan.planned import CLOUDS, PRICES


@pytest.mark.parametrize(
    ("quantity", "price", "expected"),
    [
        # Two jobs in each of five projects: three free, seven paid for (Google's page on Cloud Scheduler).
        (10, PRICES["gcp"]["jobs"], 0.70),
        # 25,000 operations in a month are 2.5 times 10,000, of which one is free (Google's page on Secret Manager).
        (25_000, PRICES["gcp"]["secret_reads"], 0.045),
        # 12 million calls, 2 million of them free.
        (3_500_000, PRICES["gcp"]["tasks"], 1.00),
        # Three million requests of a second with 512 MB, on Lambda: 2 million and 1.1 million GB-seconds are paid for.
        (3_000_000, PRICES["aws"]["requests"], 0.40),
        (1_500_000, PRICES["aws"]["memory"], 14.67),
        # A Cloud Run instance of one processor that is busy all month.
        (2_628_000, PRICES["gcp"]["cpu"], 58.75),
        # Free units cost nothing.
        (6, PRICES["gcp"]["secrets"], 0.0),
        (7, PRICES["gcp"]["secrets"], 0.06),
    ],
)
def test_a_line_costs_what_the_clouds_own_examples_say(quantity: float, price: Price, expected: float) -> None:
    assert Line(quantity, price).dollars == pytest.approx(expected, abs=0.005)


@pytest.mark.slow
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
