"""Maintenance that is planned, moved and cancelled: subscribers hear of each once, and so do feeds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from shared.models import as_text, now
from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import Api, on_each_engine
from tests.functions.status_page.subscribing.mailbox import mails, run, shop, subscribed, text
from tests.functions.status_page.watched import looked, opened, policies
from tests.support.store.steps import rows

pytestmark = pytest.mark.slow

Environ = Callable[..., None]
PLANNED = "Planned maintenance: New disks · The shop"
MOVED = "Planned maintenance was moved: New disks · The shop"
CANCELLED = "Planned maintenance is cancelled: New disks · The shop"


def days(begins: float, ends: float) -> dict[str, str]:
    """A span that begins and ends so many days from now."""
    today = now()
    spans = (("starts_at", begins), ("ends_at", ends))
    return {name: as_text(today + timedelta(days=ahead)) for name, ahead in spans}


def window(begins: float = 3, ends: float = 4, **more: Any) -> dict[str, Any]:
    fields = {"title": "New disks", "kind": "maintenance", "groups": ["Shop"], **days(begins, ends), **more}
    return {name: value for name, value in fields.items() if value is not None}


def made(api: Api, **more: Any) -> str:
    """The path of a new window."""
    response = api.call("POST", "/windows", window(**more))
    assert response.status_code == 201, response.text
    run(api)
    return f"/windows/{response.json['id']}"  # type: ignore[index]


def changed(api: Api, path: str, **fields: str) -> None:
    response = api.call("PATCH", path, fields)
    assert response.status_code == 200, response.text
    run(api)
    run(api)


def subjects(server: Any) -> list[str]:
    """The mails that somebody got after the confirmation."""
    return [str(mail["Subject"]) for mail in mails(server)[1:]]


@on_each_engine
def test_a_window_that_moves_or_is_cancelled_is_told(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server, "first@visitors.example")
        path = made(api)
        subscribed(api, server)
        subscribed(api, server, "lee@visitors.example", lang="ko")
        changed(api, path, ends_at=days(3, 5)["ends_at"])
        assert subjects(server) == [MOVED], "also to those who saw the former time on the page"
        assert "Before: " in text(mails(server)[-1])
        changed(api, path, title="New racks")
        changed(api, path, title="New disks", **days(1, 2))
        assert subjects(server) == [MOVED, MOVED], "another title is no news"
        assert api.call("DELETE", path).status_code == 204
        run(api)
        run(api)
        assert subjects(server) == [MOVED, MOVED, CANCELLED]
        assert "Affected: Home page, Checkout, Search" in text(mails(server)[-1])
        [_, *first] = [str(mail["Subject"]) for mail in mails(server, "first@visitors.example")]
        assert first == [PLANNED, MOVED, MOVED, CANCELLED]
        [_, moved, _, cancelled] = mails(server, "lee@visitors.example")
        assert moved["Subject"] == "점검 일정 변경: New disks · The shop"
        assert "변경 전: " in text(moved)
        assert cancelled["Subject"] == "점검 취소: New disks · The shop"


def test_a_window_that_moves_back_or_far_away_is_told(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        former = days(3, 4)
        path = made(api, **former)
        for times in (days(30, 31), former, days(30, 31)):
            changed(api, path, **times)
        assert subjects(server) == [PLANNED, MOVED, MOVED, MOVED]


def test_a_far_window_that_comes_near_is_told_to_those_who_subscribed_meanwhile(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        path = made(api, begins=30, ends=31)
        subscribed(api, server)
        changed(api, path, **days(1, 2))
        assert subjects(server) == [PLANNED]


def test_a_window_that_has_begun_is_over_without_a_mail(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        path = made(api, begins=0, ends=1)
        assert api.call("DELETE", path).status_code == 204
        run(api)
        assert subjects(server) == [PLANNED]


def test_a_cancelled_window_names_nothing_that_the_page_hides(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        one, two = (made(api, groups=None, monitors=names) for names in (["Checkout", "Search"], ["Checkout"]))
        opened(api, *policies(public=False))
        for path in (one, two):
            assert api.call("DELETE", path).status_code == 204
        run(api)
        assert subjects(server) == [PLANNED, PLANNED, CANCELLED]
        assert "Affected: Search" in text(mails(server)[-1])


def test_a_window_of_the_file_moves_although_it_gets_another_number(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        monthly = window(33, 34)
        for near in (window(3, 4), window(5, 6), window(2, 3)):
            opened(api, windows=[near, monthly])
            run(api)
            run(api)
        assert subjects(server) == [PLANNED, MOVED, MOVED]
        opened(api, windows=[{**near, "title": "Racks"}, monthly])
        run(api)
        assert len(subjects(server)) == 3, "it is at the same time"
        opened(api, windows=[monthly])
        run(api)
        run(api)
        assert subjects(server)[3:] == [CANCELLED], "the one of next month does not stand for it"


def test_a_window_that_is_made_anew_replaces_the_one_that_was_deleted(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        path = made(api)
        changed(api, path, **days(4, 5))
        assert api.call("DELETE", path).status_code == 204
        made(api, begins=6, ends=7)
        run(api)
        assert subjects(server) == [PLANNED, MOVED, MOVED]


def test_the_feed_says_when_a_window_changed(api: Api, environ: Environ) -> None:
    with shop(api, environ):
        path = made(api)
        before = _updated(api)
        changed(api, path, ends_at=days(3, 5)["ends_at"])
        [(written,)] = rows(open_store(Settings.from_env()), "SELECT changed_at FROM windows")
        assert before < _updated(api) == written


def _updated(api: Api) -> str:
    feed = ET.fromstring(looked(api, "/status/feed.atom").text)
    atom = "{http://www.w3.org/2005/Atom}"
    [updated] = [each.findtext(f"{atom}updated") for each in feed.iter(f"{atom}entry")]
    assert updated is not None
    return updated
