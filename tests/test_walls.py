"""The inner walls of the store, and how large a file, a function and a folder may be."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from shared import ROOT
from tests.test_architecture import imports, modules, name_of, nodes

# The tests that read what every file says share what they read.
pytestmark = pytest.mark.together("what is written")

STORE = "shared.store"
# The parts of the store that each part may import. The longest name that fits counts.
MAY_IMPORT = {
    "refusals": set(),
    "engines.database": set(),
    "engines": {"engines"},
    "migrate": {"engines.database", "upkeep.renewing"},
    "tables.notification_lists": {"engines.database", "tables.notifications"},
    "tables.message_edits": {"engines.database", "tables.notifications"},
    "tables": {"engines.database", "tables.scope"},
    "tables.narrowing": set(),
    "tables.past_events": {"engines.database", "tables.narrowing", "tables.scope"},
    "tables.results": {"engines.database", "tables.narrowing"},
    "tables.events": {"engines.database", "tables.narrowing", "tables.results"},
    "tables.rollups": {"engines.database", "tables.packs", "tables.scope"},
    "tables.merged_days": {"engines.database", "tables.rollups", "tables.scope"},
    "tables.policies": {"engines.database", "refusals"},
    "tables.windows": {"engines.database", "refusals"},
    "tables.incidents": {"engines.database", "refusals"},
    "asking": {"engines.database", "tables", "refusals", "asking", "judging.by_hand"},
    "asking.monitors": {"engines.database", "migrate", "tables", "asking", "monitors", "judging.dependencies"},
    "changes": {"engines.database", "tables"},
    "clock": {"engines.database", "tables"},
    "upkeep": {"engines.database", "tables", "clock", "subscribing.subscribers", "upkeep"},
    "upkeep.renewing": {"engines.database", "tables", "renames"},
    "judging": {"engines.database", "tables", "changes", "refusals", "judging"},
    "recurring": {
        *("engines.database", "tables", "changes", "refusals", "recurring"),
        *("asking.availability", "asking.counts"),
    },
    "renames": {"engines.database", "tables"},
    "mentions": {"engines.database", "tables"},
    "intake": {"engines.database", "engines.group_commit", "tables", "changes", "judging", "intake"},
    "intake.heartbeats": {
        *("engines.database", "engines.group_commit", "tables", "refusals"),
        *("intake.ingest", "intake.reports"),
    },
    "intake.reports": set(),
    "intake.runs": {"engines.database", "tables"},
    "outbox": {"engines.database", "tables", "changes", "clock"},
    "monitors": {
        "engines.database",
        "tables",
        "changes",
        "intake.heartbeats",
        "refusals",
        "renames",
        "mentions",
        "judging",
        "asking.entries",
        "recurring",
    },
    "claims": {"engines.database", "tables"},
    "subscribing": {"engines.database", "tables", "clock", "asking.incidents", "subscribing"},
    "health": {"engines.database", "migrate", "tables"},
    "visiting": {"engines.database", "tables", "refusals", "visiting"},
    "store": {
        *("engines.database", "tables", "changes"),
        *("intake", "outbox", "health", "claims", "judging", "refusals", "upkeep", "asking"),
        *("visiting", "recurring", "subscribing"),
    },
    "open": {"engines", "migrate", "store"},
    "admin": {"engines", "tables", "migrate", "health"},
    # The door.
    "": {
        *("engines.database", "intake.ingest", "intake.runs", "judging", "open", "outbox", "refusals", "store"),
        *("asking", "recurring", "subscribing", "tables.alerts", "upkeep", "visiting.trials"),
    },
}
# Folders of one file, or one folder, for each kind or function may have as many as there are.
ONE_PER_KIND = (
    *("functions", "shared/notifiers/services", "functions/check_monitors/probes/kinds", "shared/store/tables"),
    *("infra/openapi", "infra/commands", "tests/benchmarks"),
    # The tests mirror the house.
    *("tests/functions", "tests/functions/check_monitors/probes/kinds", "tests/shared/notifiers/services"),
    "tests/infra/commands",
)
MAX_LINES = 300
MAX_LINES_OF_A_FUNCTION = 40
MAX_MODULES = 12


def within(name: str, parts: set[str]) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in parts)


# A test for each file would take a minute to run; each names the files that break its rule.
def test_the_rooms_of_the_store_have_walls() -> None:
    wrong = []
    for path in (ROOT / "shared/store").rglob("*.py"):
        own = name_of(path).removeprefix(STORE).strip(".")
        wall = max((part for part in MAY_IMPORT if part == "" or within(own, {part})), key=len)
        rooms = {name.removeprefix(f"{STORE}.") for name in imports(path) if name.startswith(f"{STORE}.")}
        wrong += [(own or "the door", room) for room in rooms if not within(room, MAY_IMPORT[wall] | {own})]
    assert wrong == []


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_an_engine_knows_nothing_of_the_other(engine: str) -> None:
    other = {"sqlite": "postgres", "postgres": "sqlite"}[engine]
    for path in (ROOT / "shared/store/engines" / engine).glob("*.py"):
        assert not any(imported.startswith(f"{STORE}.engines.{other}") for imported in imports(path)), path


def test_only_infra_goes_past_the_stores_door() -> None:
    outside = [path for path in modules() if name_of(path).partition(".")[0] != "infra"]
    past = {
        name_of(path): [imported for imported in imports(path) if imported.startswith(f"{STORE}.")]
        for path in outside
        if not name_of(path).startswith(STORE)
    }
    assert {name: found for name, found in past.items() if found} == {}


def files_of_tests() -> list[Path]:
    return sorted((ROOT / "tests").rglob("*.py"))


def test_a_file_can_be_read_in_one_sitting() -> None:
    lines = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in [*modules(), *files_of_tests()]}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


def test_a_function_can_be_seen_at_once() -> None:
    too_long = [
        (name_of(path), node.name)
        for path in modules()
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MAX_LINES_OF_A_FUNCTION
    ]
    assert too_long == []


def test_no_folder_is_crowded() -> None:
    counts = Counter(path.parent for path in [*modules(), *files_of_tests()] if path.name != "__init__.py")
    crowded = {folder.relative_to(ROOT).as_posix(): count for folder, count in counts.items() if count > MAX_MODULES}
    assert not crowded.keys() - set(ONE_PER_KIND), crowded


def test_imports_make_no_circle() -> None:
    known = {name_of(path): path for path in modules()}
    arrows = {name: (imports(path) & known.keys()) - {name} for name, path in known.items()}
    # Take away what imports nothing that is left, until only circles are left.
    while ends := [name for name, targets in arrows.items() if not targets & arrows.keys()]:
        for name in ends:
            del arrows[name]
    assert arrows == {}
