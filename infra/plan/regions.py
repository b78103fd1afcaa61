"""A region's price: Google has two tiers, and Cloud Run is dearer in the second one."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from infra.plan.model import Line, Price


def prices(platform: Mapping[str, Any], region: str | None) -> dict[str, Price]:
    """The prices in ``region``, by name. ``platform``: its part of the price list."""
    found = _listed(platform)
    return found | _of_tier_2(platform) if is_tier_2(platform, region) else found


def is_tier_2(platform: Mapping[str, Any], region: str | None) -> bool:
    """Whether the platform has a second tier, and ``region`` is in it."""
    tier_2 = platform.get("tier_2")
    return bool(tier_2 and region and region not in tier_2["tier_1"])


def dollars_of_tier_2(platform: Mapping[str, Any], bill: Sequence[Line]) -> float:
    """How much more the same quantities cost in the second tier than in the first one, in dollars a month."""
    listed, of_tier_2 = _listed(platform), _of_tier_2(platform)
    pairs = [(listed[name], dearer) for name, dearer in of_tier_2.items()]
    quantities = {line.price.unit: line.quantity for line in bill}
    return sum(
        Line(quantities[dearer.unit], dearer).dollars - Line(quantities[price.unit], price).dollars
        for price, dearer in pairs
    )


def _listed(platform: Mapping[str, Any]) -> dict[str, Price]:
    return {name: Price(**price) for name, price in platform["prices"].items()}


def _of_tier_2(platform: Mapping[str, Any]) -> dict[str, Price]:
    listed = _listed(platform)
    return {
        name: _dearer(price, platform["tier_2"][name]) for name, price in listed.items() if name in platform["tier_2"]
    }


def _dearer(price: Price, dollars: float) -> Price:
    # The free part is a sum of money, reckoned in the first tier's prices.
    return dataclasses.replace(price, dollars=dollars, free=round(price.free * price.dollars / dollars))
