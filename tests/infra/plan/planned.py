"""Plans of the reference load, and parts of them."""

from infra.plan.model import Line, Plan, Price
from infra.plan.plans import REFERENCE, load_of, plan_of, price_list

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
