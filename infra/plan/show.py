"""Plans as text for a person, as JSON, and as the rows of the README's table."""

from collections.abc import Sequence
from typing import Any

from infra.plan import gcp, model
from infra.plan.measured import measured
from infra.plan.model import Line, Plan
from infra.plan.plans import price_list


def text(plan: Plan) -> str:
    """All of it, for a person."""
    load = plan.load
    is_mixed = any(each.interval > load.interval for each in load.checked)
    lines = [f"{plan.name}: {load.monitors:,} monitors{', some' * is_mixed} every {load.interval:g} s"]
    if plan.refusals:
        return "\n".join([*lines, *(f"  cannot do that: {refusal}" for refusal in plan.refusals)])
    lines += [f"  {call.times:>12,.0f}  calls of {call.function} a month" for call in plan.calls]
    lines += [f"  {quantity:>12,.0f}  {unit} a month" for unit, quantity in plan.compute.items()]
    lines += [f"  {plan.rows_a_day:>12,.0f}  rows in the database a day, {plan.bytes_a_day / 1e6:,.1f} MB"]
    lines += [f"  {plan.most_bytes / 1e6:>12,.1f}  MB is what the database grows to: {_kept(plan)}"]
    if plan.delay:
        lines += [f"  {plan.seconds:>12.1f}  s at worst from an outage to its message:"]
    lines += [f"  {term.seconds:>16.1f}  {term.what}" for term in plan.delay]
    if plan.bill:
        lines += _bill(plan)
    lines += [f"  {each.change} saves {each.dollars:,.2f} $ a month" for each in plan.savings]
    return "\n".join([*lines, *(f"  {note}" for note in plan.notes)])


def assumptions() -> str:
    """The sources of the figures, and what was assumed."""
    found = measured()
    return "\n".join(
        [
            f"measured on {found.measured_on} on {found.machine}; a cloud's processor counts as one of these",
            f"prices looked up on {price_list()['looked_up']}; each one's source and date: infra/plan/prices.toml",
            f"assumed: {model.OWN_CALLS_A_DAY:g} calls of your own a day, {model.OUTAGES_A_MONTH:g} outage a month for "
            f"each monitor, {model.STARTS_A_DAY:g} cold starts of each function a day, {gcp.IMAGES_GB:g} GB of images "
            "at Google",
            "not counted: the time in which a platform prepares a new instance and gives it its secrets; "
            "builds, backups and taxes",
        ]
    )


def as_json(plan: Plan) -> dict[str, Any]:
    """The same for a program; dollars a month."""
    return {
        "platform": plan.platform,
        "name": plan.name,
        "monitors": plan.load.monitors,
        "interval_seconds": plan.load.interval,
        "refusals": list(plan.refusals),
        "calls_a_month": {call.function: round(call.times) for call in plan.calls},
        "compute_a_month": {unit: round(quantity) for unit, quantity in plan.compute.items()},
        "rows_a_day": round(plan.rows_a_day),
        "bytes_a_day": round(plan.bytes_a_day),
        "most_bytes": round(plan.most_bytes),
        "worst_delay_seconds": round(plan.seconds, 1) if plan.delay else None,
        "delay": [{"what": term.what, "seconds": round(term.seconds, 1)} for term in plan.delay],
        "bill": [_line(line) for line in plan.bill],
        "database": [_line(line) for line in plan.database],
        "database_in_a_year": [_line(line) for line in plan.database_in_a_year],
        "savings": [{"change": each.change, "dollars": round(each.dollars, 4)} for each in plan.savings],
        "price_list_looked_up": str(price_list()["looked_up"]),
        "notes": list(plan.notes),
    }


def table_row(plan: Plan) -> str:
    """A row of the README's table, the same in every language."""
    if plan.refusals:
        figures = ["–"] * 7
    else:
        figures = [
            f"{sum(call.times for call in plan.calls):,.0f}",
            " + ".join(f"{quantity:,.0f}" for quantity in plan.compute.values()),
            f"{plan.rows_a_day:,.0f}",
            f"{plan.bytes_a_day / 1e6:,.1f}",
            f"{plan.seconds:.0f}",
            _dollars(plan.bill),
            " → ".join(dict.fromkeys(map(_dollars, (plan.database, plan.database_in_a_year)))),
        ]
    return f"| {' | '.join([f'{plan.load.monitors:,}', f'`{plan.platform}`', *figures])} |"


def _dollars(bill: Sequence[Line]) -> str:
    """The amount to pay, and the list price if that differs."""
    if not bill:
        return "–"
    to_pay, at_list_price = (f"{sum(part):,.2f}" for part in zip(*map(_sums, bill), strict=True))
    return to_pay if to_pay == at_list_price else f"{to_pay} ({at_list_price})"


def _sums(line: Line) -> tuple[float, float]:
    return line.dollars, line.at_list_price


def _bill(plan: Plan) -> list[str]:
    lines = [f"  {'a month':>16}  {'':34}{'list price $':>13}{'free':>12}{'to pay $':>10}"]
    parts = ((plan.bill, "all of it"), (plan.database, "and the database"), (plan.database_in_a_year, "in month 12"))
    for bill, name in (part for part in parts if part[0]):
        # The twelfth month has the same lines as the first one.
        for line in bill if bill is not plan.database_in_a_year else ():
            free = f"{line.price.free:,.10g}" if line.price.free else "-"
            cells = f"{line.at_list_price:>13,.2f}{free:>12}{line.dollars:>10,.2f}"
            lines.append(f"  {line.quantity:>16,.2f}  {line.price.unit:<34}{cells}")
        to_pay, at_list_price = (sum(part) for part in zip(*map(_sums, bill), strict=True))
        lines.append(f"  {'':16}  {name:<34}{at_list_price:>13,.2f}{'':>12}{to_pay:>10,.2f}")
    return lines


def _line(line: Line) -> dict[str, Any]:
    price = line.price
    return {
        "unit": price.unit,
        "quantity": round(line.quantity, 3),
        "free": price.free,
        "at_list_price": round(line.at_list_price, 4),
        "to_pay": round(line.dollars, 4),
        "price": {"dollars": price.dollars, "per": price.per, "source": price.source, "of": price.of},
    }


def _kept(plan: Plan) -> str:
    settings = plan.load.settings
    kept = {"events": settings.retention_events, "rollups": settings.retention_rollups}
    kept["alerts"] = settings.retention_alerts
    return ", ".join(f"{name} for {seconds / model.DAY_SECONDS:g} days" for name, seconds in kept.items())
