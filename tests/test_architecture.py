"""The house: who imports whom, what is loaded for what, and the one table of functions."""

import ast
import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.table import rows
from shared import ROOT

pytestmark = pytest.mark.slow

# The imports of ours that each may have. Imports run one way.
MAY_IMPORT: dict[str, set[str]] = {
    "shared.models": {"shared.settings"},
    "shared.settings": set(),
    "shared.threads": set(),
    "shared.visible": set(),
    "shared.logs": {"shared.threads", "shared.visible"},
    "shared.monitors": {"shared.models", "shared.settings"},
    "shared.alerting": {"shared.models"},
    "shared.history": {"shared.models", "shared.monitors", "shared.alerting"},
    "shared.words": {"shared.models"},
    "shared.messages": {"shared.models", "shared.visible", "shared.words"},
    "shared.store": {
        "shared.models",
        "shared.monitors",
        "shared.alerting",
        "shared.history",
        "shared.words",
        "shared.settings",
        "shared.logs",
    },
    "shared.notifiers": {"shared.models", "shared.messages", "shared.settings", "shared.logs"},
    "shared.channels": {"shared.notifiers", "shared.messages", "shared.models", "shared.monitors", "shared.settings"},
    "shared.links": {"shared.settings"},
    "shared.delivery": {
        "shared.models",
        "shared.messages",
        "shared.links",
        "shared.store",
        "shared.notifiers",
        "shared.logs",
        "shared.settings",
        "shared.threads",
        "shared.pages",
        "shared.words",
    },
    "shared.pages": {"shared.models", "shared.monitors", "shared.settings", "shared.words"},
    "shared.timelines": {"shared.history", "shared.messages", "shared.models", "shared.store", "shared.words"},
    "shared.web": {"shared.models", "shared.alerting", "shared.store", "shared.settings", "shared.logs"},
    "functions": {"shared"},
    "infra": {"shared", "functions"},
    "main": {"functions"},
}
# Everything of shared/, which is closed: a new module needs two functions that import it, and its place above.
SHARED = {name.removeprefix("shared.") for name in MAY_IMPORT if name.startswith("shared.")}
# Loaded only when they are used: each costs a cold start tens of milliseconds.
HEAVY = {"telegram", "httpx", "boto3", "botocore", "psycopg", "sqlalchemy", "apprise", "asyncio", "requests", "pycurl"}
AGENTS_OWN = {"pycurl"}
# The model of a policy, and what finds the right one of several routes: only for what has to do with them.
OF_MONITORS = {"shared.monitors.policy", "shared.store.asking.monitors", "shared.store.claims"}
WITH_MONITORS = {"manage_monitors", "claim_checks"}
OF_SEVERAL_ROUTES = {"shared.web.dispatch"}
# The functions with pages. Their templates, and what renders them, are loaded by no other.
WITH_PAGES = {"status_page", "dashboard"}
# The modules that check incoming events, that say that an alert changed, and that write messages and send them.
OF_EVENTS = {"shared.models.event"}
OF_CHANGES = {"shared.store.changes", "shared.store.judging.outages", "shared.store.judging.holds"}
OF_MESSAGES = {"shared.delivery.run", "shared.delivery.sender", "shared.links", "shared.messages"}
# The modules that change policies and read conditions, and those that a whole file needs.
OF_EDITS = {"shared.store.monitors", "shared.monitors.conditions", "shared.monitors.windows.window"}
# The dashboard's pages beside the first one.
OF_SECTIONS = {
    f"functions.dashboard.{name}" for name in ("alerts.page", "lists.windows", "monitors.page", "monitors.form")
}


KEY = "a-key-for-these-tests-only"
FAILURE = {"target_url": "http://a.example/", "timestamp": "2025-01-08T10:30:00Z", "is_success": False}


# Has imported the framework and nothing of ours, and runs each script in a fork: to import it takes the longest.
FORKS = """
import json, os, sys
import functions_framework
before = set(sys.modules)
# What nearly every function needs counts as loaded by each.
import logging.handlers, pydantic, sqlite3
for line in sys.stdin:
    script, environ, answer = json.loads(line)
    if os.fork() == 0:
        code = 1
        os.dup2(2, 1)
        try:
            os.environ.update(environ)
            names = {}
            exec(script, names)
            with open(answer, "w") as file:
                json.dump([names["said"], sorted(set(sys.modules) - before)], file)
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""
Loading = Callable[..., tuple[Any, set[str]]]
together = pytest.mark.together("what is loaded")


@pytest.fixture(scope="module")
def loading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loading]:
    """Runs a script in a fresh process: what it put into ``said``, and every module that it loaded."""
    answer = tmp_path_factory.mktemp("loaded") / "answer.json"
    environ = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    with subprocess.Popen(
        [sys.executable, "-c", FORKS], cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def run(script: str, **environ: str) -> tuple[Any, set[str]]:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps([script, environ, str(answer)]) + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == "0\n"
            said, loaded = json.loads(answer.read_text())
            return said, set(loaded)

        yield run


def loaded_by_a_request(loading: Loading, folder: Path, name: str, method: str, path: str, body: object) -> set[str]:
    """Every module that a function loads until it has answered its first request, over an empty store."""
    script = f"""
import functions_framework
client = functions_framework.create_app({name!r}, "main.py").test_client()
said = client.open({path!r}, method={method!r}, json={body!r}, headers={{"X-API-Key": {KEY!r}}}).status_code
"""
    status, loaded = loading(script, API_KEY=KEY, DATABASE_URL=f"sqlite:///{folder / 'a.db'}", LOG_DIR="")
    # It got as far as the store.
    assert status in (200, 201, 404)
    return loaded


def modules() -> list[Path]:
    return [
        ROOT / "main.py",
        *(path for top in ("functions", "shared", "infra") for path in (ROOT / top).rglob("*.py")),
    ]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@functools.cache
def nodes(path: Path) -> list[ast.AST]:
    """Everything that a file says."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@functools.cache
def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out"
            module = node.module or ""
            found |= {f"{module}.{alias.name}" for alias in node.names} if module == "shared" else {module}
    return {name for name in found if name.split(".")[0] in ("main", "functions", "shared", "infra", "tests")}


def group(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "shared" else parts[0]


# A test for each file would take a minute to run; each names the files that break its rule.
@pytest.mark.together("what is written")
def test_imports_run_one_way() -> None:
    wrong = []
    for path in modules():
        own = group(name_of(path))
        for imported in imports(path):
            other = group(imported)
            if own == other or imported in ("shared.__version__", "shared.ROOT") or own == "shared":
                continue
            if not {other, other.split(".")[0]} & MAY_IMPORT[own]:
                wrong.append((name_of(path), imported))
    assert wrong == []


@pytest.mark.together("what is written")
def test_a_function_never_imports_another() -> None:
    for path in (ROOT / "functions").glob("*/**/*.py"):
        own = name_of(path).split(".")[1]
        others = {imported for imported in imports(path) if imported.startswith("functions.")}
        assert {imported.split(".")[1] for imported in others} <= {own}, path


def test_shared_is_a_closed_list() -> None:
    assert {path.stem for path in (ROOT / "shared").iterdir() if path.stem not in ("__init__", "__pycache__")} == SHARED


def test_the_repository_is_where_relative_paths_begin() -> None:
    assert (ROOT / "main.py").is_file()


def test_the_table_has_every_function_and_no_other() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/main.py")}
    assert {row.name for row in rows()} == folders


@together
@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_function_loads_itself_and_nothing_heavy(row: object, loading: Loading) -> None:
    name = row.name  # type: ignore[attr-defined]
    # Beyond what functions-framework loads anyway: what is there before the first request, and what it takes to know
    # which channels are configured.
    script = f"""
import json
import main
said = getattr(main, {name!r}).__name__
from shared.channels import configured
topic = "arn:aws:sns:eu-west-1:123456789012:alerts"
others = json.dumps({{"ops": {{"kind": "telegram", "bot_token": "1:a", "chat_id": 1}}}})
configured({{"TELEGRAM_BOT_TOKEN": "1:a", "TELEGRAM_CHAT_ID": "1", "SNS_TOPIC_ARN": topic, "CHANNELS": others}})
"""
    function, loaded = loading(script)
    assert function == name
    allowed = AGENTS_OWN if name == "check_monitors" else set()
    assert HEAVY & loaded <= allowed
    assert name in WITH_MONITORS or not OF_MONITORS & loaded
    assert len(row.routes) > 1 or not OF_SEVERAL_ROUTES & loaded  # type: ignore[attr-defined]
    assert name in WITH_PAGES or not [
        each for each in loaded if each.startswith(("shared.pages", "shared.words.pages", "shared.words.dashboard"))
    ]
    assert [each for each in loaded if each.startswith("functions.") and each.endswith(".main")] == [
        f"functions.{name}.main"
    ]


@together
@pytest.mark.parametrize(
    ("name", "method"), [("ingest_event", "POST"), ("health", "GET"), ("list_alerts", "GET"), ("update_alert", "PATCH")]
)
def test_a_first_request_loads_no_policy(loading: Loading, name: str, method: str, tmp_path: Path) -> None:
    body = {"POST": FAILURE, "PATCH": {"status": "ACK"}}.get(method)
    loaded = loaded_by_a_request(loading, tmp_path, name, method, "/1", body)
    assert not {*OF_MONITORS, *OF_SEVERAL_ROUTES, "shared.monitors.parts"} & loaded


@together
@pytest.mark.parametrize(
    ("name", "method", "path", "body", "spared"),
    [
        ("ingest_event", "POST", "/", {**FAILURE, "is_success": True}, OF_CHANGES | OF_MESSAGES),
        ("list_alerts", "GET", "/", None, OF_EVENTS | OF_CHANGES | OF_MESSAGES),
        ("get_alert", "GET", "/1", None, OF_EVENTS | OF_CHANGES | OF_MESSAGES),
        ("update_alert", "PATCH", "/1", {"status": "ACK"}, OF_EVENTS | OF_MESSAGES),
        ("list_notification_logs", "GET", "/", None, OF_EVENTS | OF_MESSAGES),
        ("health", "GET", "/", None, OF_EVENTS | OF_CHANGES | OF_MESSAGES),
        ("metrics", "GET", "/", None, OF_EVENTS | OF_CHANGES | OF_MESSAGES),
        ("manage_monitors", "GET", "/monitors", None, OF_EVENTS | OF_CHANGES | OF_MESSAGES | OF_EDITS),
        ("manage_windows", "GET", "/windows", None, OF_EVENTS | OF_CHANGES | OF_MESSAGES),
        ("show_history", "GET", "/history", None, OF_EVENTS | OF_CHANGES | OF_MESSAGES),
        ("dashboard", "GET", "/dashboard", None, OF_SECTIONS),
        ("dashboard", "GET", "/dashboard/alerts", None, OF_SECTIONS - {"functions.dashboard.alerts.page"}),
        ("deliver_notifications", "POST", "/", None, OF_EVENTS | OF_MESSAGES),
        ("maintain_store", "POST", "/", None, OF_EVENTS | OF_CHANGES | OF_MESSAGES),
    ],
)
def test_a_usual_request_loads_only_what_it_needs(
    loading: Loading, name: str, method: str, path: str, body: object, spared: set[str], tmp_path: Path
) -> None:
    """The alert that it asks for is not there, and the event that it brings changes nothing."""
    assert not spared & loaded_by_a_request(loading, tmp_path, name, method, path, body)


def test_an_unknown_function_is_an_attribute_error() -> None:
    import main

    for name in ("nope", "__nope__", "..", "shared"):
        assert not hasattr(main, name)


def test_no_path_leads_out_of_the_repository() -> None:
    assert [path for path in modules() if "../" in path.read_text(encoding="utf-8")] == []
