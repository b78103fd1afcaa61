"""Plans of the reference load and of a file, and parts of them."""

import json
from pathlib import Path
from typing import Any

from infra.plan.model import Line, Plan, Price
from infra.plan.plans import REFERENCE, load_of, plan_for, plan_of, price_list

CLOUDS = ("gcp", "aws")
PRICES = {platform: {name: Price(**it) for name, it in price_list()[platform]["prices"].items()} for platform in CLOUDS}


def plan(platform: str, monitors: int = 10, **variables: str) -> Plan:
    return plan_of(platform, load_of({**REFERENCE, **variables}, monitors))


def planned(folder: Path, platform: str, monitors: list[dict[str, Any]], **variables: str) -> Plan:
    file = folder / "bonghwa.yaml"
    file.write_text(json.dumps({"monitors": monitors}))
    return plan_for(platform, {"CONFIG_FILE": str(file), "TARGET_URL": "", **variables})


def web(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "url": f"https://{name.lower()}.example.com/", **fields}


def line(of: Plan, unit: str) -> Line:
    return next(each for each in [*of.bill, *of.database] if each.price.unit == unit)


def dollars(of: Plan) -> float:
    return sum(each.dollars for each in of.bill)


def at_list_price(of: Plan) -> float:
    return sum(each.at_list_price for each in of.bill)
