"""Outages that are mailed, alone or together, and when it is said that they are over."""

from collections.abc import Callable

import pytest

from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import Api
from tests.functions.status_page.subscribing.mailbox import down, mails, run, shop, subscribed, text, up
from tests.functions.status_page.watched import opened, policies
from tests.support.store.steps import rows

pytestmark = pytest.mark.slow

Environ = Callable[..., None]


def test_several_that_fail_together_are_one_mail_and_each_end_is_told_once(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        down(api, "Checkout")
        down(api, "Search", minutes=0)
        run(api)
        _, outage = mails(server)
        assert outage["Subject"] == "2 services are down · The shop"
        assert text(outage).count("• ") == 2
        up(api, "Checkout")
        run(api)
        run(api)
        assert [mail["Subject"] for mail in mails(server)[2:]] == ["Checkout works again · The shop"]
        assert "Search" not in text(mails(server)[-1])
        up(api, "Search")
        run(api)
        run(api)
        assert [mail["Subject"] for mail in mails(server)[3:]] == ["Search works again · The shop"]
        assert rows(open_store(Settings.from_env()), "SELECT DISTINCT is_over FROM announcements") == [(1,)]


def test_several_that_end_together_are_one_mail(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        down(api, "Checkout", "Search")
        run(api)
        up(api, "Checkout", "Search")
        run(api)
        assert [mail["Subject"] for mail in mails(server)[2:]] == ["2 services work again · The shop"]


@pytest.mark.parametrize("is_removed", [False, True])
def test_what_is_no_longer_watched_does_not_work_again(api: Api, environ: Environ, is_removed: bool) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        down(api, "Checkout", "Search")
        run(api)
        home, checkout, *rest = policies()
        opened(api, *[home, *rest] if is_removed else [home, {**checkout, "enabled": False}, *rest])
        up(api, "Search")
        run(api)
        assert [mail["Subject"] for mail in mails(server)[1:]] == [
            "2 services are down · The shop",
            "Search works again · The shop",
        ]
        assert "Checkout" not in text(mails(server)[-1])


def test_an_outage_that_nobody_watches_any_more_ends_without_a_mail(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        down(api, "Checkout")
        run(api)
        opened(api, *policies(enabled=False))
        run(api)
        opened(api)
        up(api, "Checkout")
        run(api)
        assert [mail["Subject"] for mail in mails(server)[1:]] == ["Checkout is down · The shop"]
        assert rows(open_store(Settings.from_env()), "SELECT is_over FROM announcements") == [(1,)]


def test_a_short_outage_is_mailed_to_nobody(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        down(api, "Checkout", minutes=0)
        run(api)
        up(api, "Checkout")
        run(api)
        assert len(mails(server)) == 1
