"""A database that the deployment itself makes (``WITH_DATABASE=1``): what is the same on every cloud."""

import sys
from collections.abc import Mapping

from infra.plan.load import HOURS
from infra.plan.plans import price_list
from shared.settings import SettingError

# Before its address is known, for what only looks at its kind.
_SOME_URL = "postgresql://user:password@host/name"


def given_with(given: Mapping[str, str], own_file: str) -> dict[str, str]:
    """The settings, with a database that is not there yet. Raises SettingError if they have one of their own."""
    url = given.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        expected = f"an empty one in {own_file} with WITH_DATABASE=1, which makes a database, or the setting without it"
        raise SettingError("DATABASE_URL", "a PostgreSQL database", expected)
    return {**given, "DATABASE_URL": _SOME_URL}


def without(given: Mapping[str, str]) -> dict[str, str]:
    """The settings for who would try to reach the database from here: nobody can."""
    return {name: value for name, value in given.items() if name != "DATABASE_URL"}


def dollars_a_month(platform: str, gigabytes: float) -> float:
    """Its first monthly price, also while nothing is watched."""
    prices = price_list()[platform]["prices"]
    quantities = {"database": HOURS, "storage": gigabytes, "address": HOURS}
    return sum(float(prices[name]["dollars"]) * quantity for name, quantity in quantities.items() if name in prices)


def price(platform: str, name: str, gigabytes: float) -> str:
    """The sentence that says so, before somebody agrees."""
    dollars = dollars_a_month(platform, gigabytes)
    return f"The database {name} costs some {dollars:.2f} dollars a month from then on, and more as it grows."


def refuse_unless_named(name: str) -> None:
    """Ask for the name of the database that is about to be deleted; exit if it is not typed."""
    print(f"This deletes the database {name} and everything in it.")
    try:
        typed = input("Type its name to go on: ")
    except EOFError:
        typed = ""
    if typed.strip() != name:
        sys.exit("nothing was changed")
