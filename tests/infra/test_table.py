"""The table of functions: its facts are the code's, and a mistake in it is named."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

import main
from infra.table import Row, TableInvalid, agent, backend, parse, rows
from shared import ROOT
from shared.settings import Settings
from tests.support import notes


def source_of(row: Row) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in (ROOT / "functions" / row.name).rglob("*.py"))


def route(**facts: str) -> str:
    known = {"method": "GET", "path": "/things", "access": "read", **facts}
    return "{" + ", ".join(f"{fact} = '{value}'" for fact, value in known.items() if value) + "}"


def table(*routes: str, name: str = "list_things", **facts: str) -> str:
    listed = ", ".join(routes or [route()])
    return "\n".join([f"[{name}]", f"routes = [{listed}]", *(f"{fact} = {value}" for fact, value in facts.items())])


def differences(function: Any, row: Row) -> set[Any]:
    """The routes of which the decorators and the row do not say the same."""
    if not hasattr(function, "routes"):
        # It does not say its path.
        said = {(function.method, row.route.path, function.access): row.name}
    else:
        said = {(each.method, each.path, each.access): each.use_case.__name__ for each in function.routes()}
    listed = {(each.method, each.path, each.access): each.name for each in row.routes}
    return (said.keys() ^ listed.keys()) | {
        place for place in said.keys() & listed.keys() if not is_of(listed[place], said[place])
    }


def is_of(route: str, use_case: str) -> bool:
    """Whether a route's name is that of its use case. A further route adds words: ``show_other_page``."""
    words = iter(route.split("_"))
    return all(word in words for word in use_case.split("_"))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_function_and_its_row_say_the_same(row: Row) -> None:
    assert not differences(getattr(main, row.name), row)


def test_several_routes_and_their_row_say_the_same(tmp_path: Path) -> None:
    function = runpy.run_path(str(notes.add_to(tmp_path)))[notes.NAME]
    [row] = parse(notes.ROW)
    assert not differences(function, row)
    for before, after in [
        ('"add_note"', '"ad_note"'),
        ('path = "/notes/newest"', 'path = "/notes/oldest"'),
        ('access = "write"', 'access = "manage"'),
        ('method = "DELETE"', 'method = "PATCH"'),
    ]:
        [other] = parse(notes.ROW.replace(before, after))
        assert differences(function, other), after


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_function_needs_what_its_code_uses(row: Row) -> None:
    source = source_of(row)
    used = {"store"} if "open_store" in source else set()
    used |= {"channels"} if "shared.channels" in source else set()
    used |= {"agent"} if "probe_all" in source else set()
    used |= {"retention"} if "settings.retention_" in source else set()
    assert row.needs == used


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_function_sends_at_once_if_its_row_says_so(row: Row) -> None:
    sends = any(f"{name}(" in source_of(row) for name in ("deliver_at_once", "notify_of"))
    assert sends is (row.sends == "at_once")


def test_the_agent_reports_to_the_backend() -> None:
    assert (agent().name, backend().name) == ("check_monitors", "ingest_event")


def test_a_schedule_is_seconds_or_the_name_of_a_setting() -> None:
    settings = Settings.from_env({"CHECK_INTERVAL_SECONDS": "7"})
    post = route(method="POST")
    [seconds] = parse(table(post, every="2.5"))
    [setting] = parse(table(post, every='"CHECK_INTERVAL_SECONDS"'))
    [never] = parse(table())
    assert [row.every_seconds(settings) for row in (seconds, setting, never)] == [2.5, 7.0, None]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (table(route(method="FETCH")), "method of list_things is 'FETCH': Input should be 'GET', 'POST'"),
        (table(route(path="things")), "path of list_things is 'things': expected a path such as /things/<id>"),
        (table(route(path="/things/<thing>")), "path of list_things is '/things/<thing>': expected a path such as"),
        (table(route(path="/things-<id>")), "path of list_things is '/things-<id>': expected a path such as"),
        (table(route(path="/things/")), "path of list_things is '/things/': expected a path such as"),
        (table(route(access="wirte")), "access of list_things is 'wirte': Input should be 'read', 'write', 'ingest'"),
        (table(route(access="")), "access of list_things: Field required"),
        (table(route(), route()), "name of list_things's route 1: Field required"),
        (table(route(name="a"), route(name="b", acess="x")), "acess of list_things's route 2 is 'x': Extra inputs"),
        ("[list_things]\nroutes = []", "routes of list_things is []: Tuple should have at least 1 item"),
        ("[list_things]\nroutes = ['GET /things']", "routes of list_things is ['GET /things']: Input should be"),
        ("[list_things]\nmethod = 'GET'", "routes of list_things: Field required"),
        (table(every="1"), "routes of list_things: a function that a schedule calls has one, a POST"),
        (table(every="0"), "every of list_things is 0: Input should be greater than 0"),
        (table(every='"CHECK_INTERVAL"'), "every of list_things is 'CHECK_INTERVAL': there is no such setting"),
        (
            table(needs='["stores"]'),
            "needs of list_things is ['stores']: Input should be 'store', 'channels', 'agent' or 'retention'",
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


SEVERAL = table(
    route(name="list_things"),
    route(name="add_thing", method="POST", access="manage"),
    route(name="get_thing", path="/things/<id>"),
    route(name="alive", path="/beats/<token>/<what>", access="open"),
    name="manage_things",
)


def test_a_function_may_have_several_routes() -> None:
    [row] = parse(SEVERAL)
    assert row.call == "GET|POST /things, GET /things/<id>, GET /beats/<token>/<what>"
    assert [each.access for each in row.routes] == ["read", "manage", "read", "open"]
    assert [each.parameters for each in row.routes] == [[], [], ["id"], ["token", "what"]]
    assert row.routes[3].braced == "/beats/{token}/{what}"


def test_the_only_route_is_called_like_the_function() -> None:
    [row] = parse(table())
    assert [each.name for each in row.routes] == ["list_things"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("other", "words"),
    [
        (route(), "a route of others answers GET /things, as one of manage_things does"),
        (route(path="/things/<key>"), "a route of others answers GET /things/<key>, as one of manage_things does"),
        (route(path="/things/<key>", method="POST"), "has the path /things/<key>, which is /things/<id> elsewhere"),
        (route(name="get_thing", path="/"), "a route of others has the name get_thing, as one of manage_things does"),
    ],
)
def test_two_routes_never_answer_one_request(other: str, words: str) -> None:
    with pytest.raises(TableInvalid, match=re.escape(words)):
        parse(f"{SEVERAL}\n{table(other, name='others')}")
