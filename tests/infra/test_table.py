"""The table of functions: its facts are the code's, and a mistake in it is named."""

import re

import pytest

import main
from infra.table import Row, TableInvalid, agent, backend, parse, rows
from shared import ROOT
from shared.settings import Settings


def source_of(row: Row) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in (ROOT / "functions" / row.name).rglob("*.py"))


def table(**facts: str) -> str:
    known = {"method": '"GET"', "path": '"/things"', "access": '"read"', **facts}
    return "\n".join(["[list_things]", *(f"{fact} = {value}" for fact, value in known.items() if value)])


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_function_and_its_row_say_the_same(row: Row) -> None:
    function = getattr(main, row.name)
    assert (function.method, function.access) == (row.method, row.access)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_function_needs_what_its_code_uses(row: Row) -> None:
    source = source_of(row)
    used = {"store"} if "open_store" in source else set()
    used |= {"channels"} if "shared.channels" in source else set()
    used |= {"agent"} if "settings.targets" in source else set()
    assert row.needs == used


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_function_sends_at_once_if_its_row_says_so(row: Row) -> None:
    assert ("deliver_at_once(" in source_of(row)) is (row.sends == "at_once")


def test_the_agent_reports_to_the_backend() -> None:
    assert (agent().name, backend().name) == ("check_monitors", "ingest_event")


def test_a_schedule_is_seconds_or_the_name_of_a_setting() -> None:
    settings = Settings.from_env({"CHECK_INTERVAL_SECONDS": "7"})
    [seconds] = parse(table(every="2.5"))
    [setting] = parse(table(every='"CHECK_INTERVAL_SECONDS"'))
    [never] = parse(table())
    assert [row.every_seconds(settings) for row in (seconds, setting, never)] == [2.5, 7.0, None]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (table(method='"FETCH"'), "method of list_things is 'FETCH': Input should be 'GET', 'POST'"),
        (table(path='"things"'), "path of list_things is 'things': String should match pattern '^/'"),
        (table(access='"wirte"'), "access of list_things is 'wirte': Input should be 'read', 'write' or 'ingest'"),
        (table(access=""), "access of list_things: Field required"),
        (table(every="0"), "every of list_things is 0: Input should be greater than 0"),
        (table(every='"CHECK_INTERVAL"'), "every of list_things is 'CHECK_INTERVAL': there is no such setting"),
        (
            table(needs='["stores"]'),
            "needs of list_things is ['stores']: Input should be 'store', 'channels' or 'agent'",
        ),
        (table(sends='"later"'), "sends of list_things is 'later': Input should be 'at_once'"),
        (table(send='"at_once"'), "send of list_things is 'at_once': Extra inputs are not permitted"),
        ('path = "/things"', "path belongs to no function"),
        ("[list_things", "Expected ']'"),
    ],
)
def test_a_mistake_in_the_table_is_named(text: str, words: str) -> None:
    with pytest.raises(TableInvalid, match=re.escape(words)) as raised:
        parse(text)
    assert str(raised.value).startswith("functions.toml: ")
