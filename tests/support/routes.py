"""Every route of the table, and how a test calls it."""

import re

from infra.table import Route, Row, rows

ROUTES: list[tuple[Row, Route]] = [(row, route) for row in rows() for route in row.routes]


def filled(path: str, value: object = 1) -> str:
    """The path with a value for each of its parameters."""
    return re.sub("<.*?>", str(value), path)


def methods_of(route: Route) -> list[str]:
    """The methods that the route answers."""
    return ["GET", "HEAD"] if route.method == "GET" else [route.method]
