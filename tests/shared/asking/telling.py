"""A monitor whose timeline is read as ``explain`` tells it."""

from infra.asking.telling import told
from shared.monitors.policy import Policy
from shared.store import Store
from shared.timelines.entries import entries_of
from shared.words import Language
from tests.support.builders import NOON, at
from tests.support.store.steps import report

DAY = 86_400.0


def watch(store: Store, **fields: object) -> None:
    policy = {"name": "shop", "url": "http://shop/", "interval": "60s", **fields}
    store.monitors.add(Policy.model_validate(policy), now=NOON)


def seen(store: Store, seconds: int, **oks: bool) -> None:
    """Each of these locations reports, one a second."""
    for after, (location, ok) in enumerate(oks.items()):
        report(
            store, seconds + after, ok=ok, received=seconds + after, location=location, status_code=200 if ok else 503
        )


def lines(store: Store, language: Language = "en") -> list[str]:
    """The timeline as ``explain`` tells it, without its times."""
    page = store.timelines.page(1, since=NOON, until=at(DAY), limit=100)
    return [line[9:] for line in told(list(entries_of(page.monitor, page.moments, language)), NOON.tzinfo)][1:]
