"""How the last drill went, as the store or ``GET /`` says."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from infra.doctor.findings import Finding, ok, warning
from shared.messages import duration, seconds_text


def examine_drill(last: Any, at: datetime) -> Iterator[Finding]:
    """The finding about the last drill; none before the first. ``last``: whatever a backend may say of it."""
    try:
        ago = duration(at - datetime.fromisoformat(last["at"]), "en")
        delivered = [f"{name} in {seconds_text(seconds, 'en')}" for name, seconds in last["delivered"].items()]
        failed = [f"{name}: {why}" for name, why in last["failed"].items()]
        by, is_well = last["acknowledged_by"], last["ok"]
    except (TypeError, KeyError, ValueError, AttributeError):
        return  # there was none, or another version says it in other words
    parts = [
        f"the last drill was {ago} ago",
        *([f"delivered to {', '.join(delivered)}"] if delivered else []),
        *([f"failed on {', '.join(failed)}"] if failed else []),
        *([f"acknowledged by {by}"] if by else []),
    ]
    if is_well:
        yield ok("drill", "; ".join(parts))
        return
    if not failed:
        parts.append("nobody acknowledged it in time" if delivered else "nobody got it")
    yield warning(
        "drill",
        "; ".join(parts),
        expected="every channel gets it, and somebody acknowledges it in time",
        fix=".venv/bin/python -m infra drill",
    )
