"""Claims: every due check is given out once for each location, whoever asks and however often."""

from collections import Counter

import pytest

from shared.models import as_text
from shared.monitors.due import next_due
from shared.monitors.policy import Policy
from shared.store import Store
from shared.store.claims import Claim
from shared.store.migrate import drop_everything, migrate
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import report

pytestmark = on_each_engine


def watch(store: Store, *names: str, **fields: object) -> None:
    policies = [Policy.model_validate({"name": name, "url": f"http://{name}/", **fields}) for name in names]
    store.monitors.apply(policies, {}, {}, now=at(0), channels={})


def claim(store: Store, seconds: float, span: float = 1.0, location: str = "seoul", known: int | None = 1) -> Claim:
    return store.checks.claim(location, now=at(seconds), seconds=span, known=known)


def names(found: Claim) -> list[str]:
    return sorted(due.name for due in found.checks)


def test_what_nobody_has_checked_is_due_at_once(store: Store) -> None:
    watch(store, "api", "web", interval="1h")
    assert names(claim(store, 0)) == ["api", "web"]
    # It is on its way, or an hour is not over twice.
    assert names(claim(store, 10)) == []


def test_each_due_time_is_claimed_once_whoever_asks(store: Store) -> None:
    watch(store, *"abcdefgh", interval="30s")
    for name in "abcdefgh":
        report(store, 0, ok=True, monitor=name, received=0, agent="seoul")
    found: Counter[tuple[str, float]] = Counter()
    # Two agents of one location, whose runs overlap.
    for second in range(60):
        for span in (1.0, 2.5):
            claimed = [(due.name, due.at) for due in claim(store, second, span).checks]
            found.update(claimed)
            for name, _ in claimed:
                report(store, second, ok=True, monitor=name, received=second, agent="seoul")
    assert set(found.values()) == {1}
    assert Counter(name for name, _ in found) == dict.fromkeys("abcdefgh", 2)


def test_a_due_time_within_the_millisecond_of_a_claims_end_is_claimed_once(store: Store) -> None:
    """The store keeps the end of a claim in whole milliseconds."""
    found = Counter[str]()
    began, within = at(0).timestamp(), 0.0001
    dues = {name: next_due(name, 30.0, began) for name in "abcdefgh"}
    last_of_millisecond = {name: due for name, due in dues.items() if due * 1000 % 1 < 0.8}
    watch(store, *last_of_millisecond, interval="30s")
    for name in last_of_millisecond:
        report(store, 0, ok=True, monitor=name, received=0, agent="seoul")
    for due in sorted(last_of_millisecond.values()):
        found.update(names(claim(store, 0, due + within - began)))
    found.update(names(claim(store, 0, 30.0)))
    assert found == Counter(last_of_millisecond.keys())


def test_locations_do_not_share_their_checks(store: Store) -> None:
    watch(store, "api", interval="1h")
    assert [names(claim(store, 0, location=place)) for place in ("seoul", "busan", "seoul")] == [["api"], ["api"], []]


def test_a_location_gets_only_what_is_checked_there(store: Store) -> None:
    watch(store, "api", interval="1h", locations=["busan"])
    assert names(claim(store, 0, location="seoul")) == []
    assert names(claim(store, 0, location="busan")) == ["api"]


def test_a_run_that_died_costs_two_intervals_at_most(store: Store) -> None:
    watch(store, "api", interval="10s")
    first = claim(store, 0)
    assert names(first) == ["api"]
    times = [second for second in range(1, 60) if names(claim(store, second))]
    # Each due time again, although nothing was ever reported.
    assert times
    assert max(b - a for a, b in zip([0, *times], times, strict=False)) <= 20


@pytest.mark.parametrize("hours", [0.5, 20, 30, 400])
def test_what_fell_due_while_nobody_claimed_is_checked_once(store: Store, hours: float) -> None:
    """A day lies between two due times, and the one that was missed must not cost another day."""
    watch(store, "api", "web", interval="1d")
    claim(store, 0)
    due = {name: next_due(name, 86_400.0, at(0).timestamp()) - at(0).timestamp() for name in ("api", "web")}
    for name in due:
        report(store, 0, ok=True, monitor=name, received=0, agent="seoul")
    last = min(due.values()) - 60
    assert names(claim(store, last)) == []
    again = last + 3600 * hours
    missed = sorted(name for name in due if due[name] < again)
    assert names(claim(store, again)) == missed
    for name in missed:
        report(store, again, ok=True, monitor=name, received=again, agent="seoul")
    assert names(claim(store, again + 1, 60.0)) == []


@pytest.mark.parametrize("back", [300, 86_400])
def test_a_clock_that_was_set_back_stops_no_check(store: Store, back: int) -> None:
    watch(store, "api", interval="10s")
    claim(store, back, 1.0)
    report(store, back, ok=True, monitor="api", received=back, agent="seoul")
    found = [name for second in range(60) for name in names(claim(store, second))]
    assert found.count("api") >= 5


@pytest.mark.parametrize(("longer", "environ"), [(60, {}), (3600, {"K_SERVICE": "claim-checks"})])
def test_what_a_longer_claim_took_is_not_given_out_to_a_shorter_one(
    store: Store, monkeypatch: pytest.MonkeyPatch, longer: float, environ: dict[str, str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    watch(store, *"abcdefgh", interval=f"{longer:.0f}s")
    for name in "abcdefgh":
        report(store, 0, ok=True, monitor=name, received=0, agent="seoul")
    assert names(claim(store, 0, longer)) == list("abcdefgh")
    assert [names(claim(store, longer * part / 20, longer / 20)) for part in range(20)] == [[]] * 20


def test_what_somebody_wants_checked_is_due_with_the_next_claim(store: Store) -> None:
    watch(store, "api", interval="1h")
    claim(store, 0)
    report(store, 1, ok=True, monitor="api", received=1, agent="seoul")
    store.monitors.want_check(store.monitors.page(limit=1)[0].row["id"], now=at(5))
    assert [names(claim(store, second)) for second in (6, 7)] == [["api"], []]


def test_a_paused_monitor_is_not_checked(store: Store) -> None:
    watch(store, "api", interval="1s")
    watch(store, "api", interval="1s", enabled=False)
    assert names(claim(store, 5, known=2)) == []


def test_policies_are_sent_until_the_agent_knows_them(store: Store) -> None:
    watch(store, "api", "web")
    found = claim(store, 0, known=None)
    assert (found.version, found.is_all, [row["name"] for row in found.changed]) == (1, True, ["api", "web"])
    assert claim(store, 1, known=1).changed == []
    watch(store, "api")
    found = claim(store, 2, known=1)
    assert (found.version, found.is_all) == (2, False)
    assert [(row["name"], row["is_watched"]) for row in found.changed] == [("web", 0)]


def test_targets_of_the_agent_are_monitors_too(store: Store) -> None:
    targets = ["http://me:secret@a.example/", "http://b.example/"]
    shown = ["http://b.example/", "http://me:***@a.example/"]
    found = store.checks.claim("seoul", now=at(0), seconds=1, targets=targets, target_interval=30)
    assert names(found) == shown
    assert sorted(entry.row["name"] for entry in store.monitors.page(limit=9, source="env")) == shown
    for name in shown:
        report(store, 0, ok=True, monitor=name, received=1, agent="seoul")
    # Nobody else has them.
    assert names(claim(store, 3600, 60)) == []
    assert names(store.checks.claim("seoul", now=at(3600), seconds=60, targets=targets)) == shown


def emptied(store: Store, seconds: float) -> None:
    """As another process leaves the store with ``init-db --reset``."""
    with store.database.transaction() as transaction:
        drop_everything(transaction)
    migrate(store.database, as_text(at(seconds)))


@pytest.mark.slow
def test_an_emptied_store_gets_the_agents_targets_again(store: Store) -> None:
    store.checks.claim("seoul", now=at(0), seconds=1, targets=["http://a/"], target_interval=30)
    # An agent that goes on says its targets no more.
    assert names(claim(store, 1, known=0)) == []
    emptied(store, 2)
    report(store, 3, ok=True, monitor="http://a/", received=3, agent="seoul")
    claim(store, 4, known=0)
    [found] = store.monitors.page(limit=9)
    assert (found.row["source"], found.row["interval_seconds"]) == ("env", 30)


@pytest.mark.slow
def test_an_emptied_store_forgets_what_was_watched(store: Store) -> None:
    watch(store, "api", "web")
    assert names(claim(store, 0)) == ["api", "web"]
    emptied(store, 1)
    # Its configuration has as many changes as before.
    watch(store, "shop")
    assert names(claim(store, 2)) == ["shop"]


def test_a_claim_that_fails_at_a_trial_spends_no_check(store: Store) -> None:
    watch(store, "api", interval="30s")
    tried = Policy(name="shop", url="http://shop/")
    given, _ = (store.visits.trials.begin(tried, monitor_id=None, now=at(0)) for _ in range(2))
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE trials SET given = 1, result = '{}' WHERE id = :id", id=given)
        # The next one that is given out would be the second one that was given once.
        transaction.rows("CREATE UNIQUE INDEX one_alone ON trials (given)")
    with pytest.raises(Exception, match=r"(?i)unique"):
        claim(store, 0)
    with store.database.transaction() as transaction:
        transaction.rows("DROP INDEX one_alone")
    found = claim(store, 0)
    assert (names(found), len(found.trials)) == (["api"], 1)
