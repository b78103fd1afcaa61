"""Readings: what is made of one is made once."""

from collections.abc import Hashable
from typing import Any

from functions.status_page.facts import no_facts
from functions.status_page.readings import Reading
from tests.support.builders import NOON


def test_a_page_is_there_although_another_thread_makes_room() -> None:
    reading = Reading(no_facts(NOON))

    class Crowded(dict[Hashable, Any]):
        """Another thread clears it as soon as something is in it."""

        def __setitem__(self, key: Hashable, value: Any) -> None:
            super().__setitem__(key, value)
            self.clear()

    reading._made = Crowded()
    assert reading.made("page", lambda: "made") == "made"


def test_a_page_is_made_once() -> None:
    reading, made = Reading(no_facts(NOON)), iter(("first", "second"))
    assert [reading.made("page", lambda: next(made)) for _ in range(2)] == ["first", "first"]
