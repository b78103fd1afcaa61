"""The house: who imports whom, what is loaded for what, and the one table of functions."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.table import rows
from shared import ROOT

# What each may import of ours. Imports run one way.
MAY_IMPORT: dict[str, set[str]] = {
    "shared.models": {"shared.settings"},
    "shared.settings": set(),
    "shared.visible": set(),
    "shared.logs": {"shared.visible"},
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
    "shared.notifiers": {"shared.models", "shared.settings", "shared.logs"},
    "shared.channels": {"shared.models", "shared.notifiers", "shared.settings"},
    "shared.links": {"shared.settings"},
    "shared.delivery": {
        "shared.models",
        "shared.messages",
        "shared.links",
        "shared.store",
        "shared.notifiers",
        "shared.logs",
    },
    "shared.web": {"shared.alerting", "shared.store", "shared.settings", "shared.logs"},
    "functions": {"shared"},
    "infra": {"shared", "functions"},
    "main": {"functions"},
}
# Everything of shared/, which is closed: a new module needs two functions that import it, and its place above.
SHARED = {name.removeprefix("shared.") for name in MAY_IMPORT if name.startswith("shared.")}
# Loaded only when they are used: each costs a cold start tens of milliseconds.
HEAVY = {"telegram", "httpx", "boto3", "botocore", "psycopg", "sqlalchemy", "apprise", "asyncio", "requests", "pycurl"}
AGENTS_OWN = {"requests", "pycurl"}
# The model of a policy, and what finds the right one of several routes: only for what has to do with them.
OF_MONITORS = {"shared.monitors.policy", "shared.store.monitors", "shared.store.claims"}
WITH_MONITORS = {"manage_monitors", "claim_checks"}
OF_SEVERAL_ROUTES = {"shared.web.dispatch"}


def modules() -> list[Path]:
    return [
        ROOT / "main.py",
        *(path for top in ("functions", "shared", "infra") for path in (ROOT / top).rglob("*.py")),
    ]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    own = group(name_of(path))
    for imported in imports(path):
        other = group(imported)
        if own == other or imported in ("shared.__version__", "shared.ROOT") or own == "shared":
            continue
        allowed = MAY_IMPORT[own]
        assert other in allowed or other.split(".")[0] in allowed, f"{name_of(path)} imports {imported}"


@pytest.mark.parametrize("path", list((ROOT / "functions").glob("*/*.py")), ids=name_of)
def test_a_function_never_imports_another(path: Path) -> None:
    own = name_of(path).split(".")[1]
    for imported in imports(path):
        assert not imported.startswith("functions.") or imported.split(".")[1] == own


def test_shared_is_a_closed_list() -> None:
    assert {path.stem for path in (ROOT / "shared").iterdir() if path.stem not in ("__init__", "__pycache__")} == SHARED


def test_the_repository_is_where_relative_paths_begin() -> None:
    assert (ROOT / "main.py").is_file()


def test_the_table_has_every_function_and_no_other() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/main.py")}
    assert {row.name for row in rows()} == folders


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_function_loads_itself_and_nothing_heavy(row: object) -> None:
    name = row.name  # type: ignore[attr-defined]
    # In a fresh process, beyond what functions-framework loads anyway: what is there before the first request, and what
    # it takes to know which channels are configured.
    script = f"""
import json, sys
import functions_framework
before = set(sys.modules)
import main
function = getattr(main, {name!r})
from shared.channels import configured
topic = "arn:aws:sns:eu-west-1:123456789012:alerts"
others = json.dumps({{"ops": {{"kind": "telegram", "bot_token": "1:a", "chat_id": 1}}}})
configured({{"TELEGRAM_BOT_TOKEN": "1:a", "TELEGRAM_CHAT_ID": "1", "SNS_TOPIC_ARN": topic, "CHANNELS": others}})
print(json.dumps([function.__name__, sorted(set(sys.modules) - before)]))
"""
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    function, loaded = json.loads(answer.stdout)
    assert function == name
    allowed = AGENTS_OWN if name == "check_monitors" else set()
    assert HEAVY & set(loaded) <= allowed
    assert name in WITH_MONITORS or not OF_MONITORS & set(loaded)
    assert len(row.routes) > 1 or not OF_SEVERAL_ROUTES & set(loaded)  # type: ignore[attr-defined]
    assert [each for each in loaded if each.startswith("functions.") and each.endswith(".main")] == [
        f"functions.{name}.main"
    ]


@pytest.mark.parametrize(
    ("name", "method"), [("ingest_event", "POST"), ("health", "GET"), ("list_alerts", "GET"), ("update_alert", "PATCH")]
)
def test_a_first_request_loads_no_policy(name: str, method: str, tmp_path: Path) -> None:
    event = {"target_url": "http://a.example/", "timestamp": "2025-01-08T10:30:00Z", "is_success": False}
    script = f"""
import json, sys
import functions_framework
client = functions_framework.create_app({name!r}, "main.py").test_client()
body = {event!r} if {method!r} == "POST" else {{"status": "ACK"}} if {method!r} == "PATCH" else None
response = client.open("/1", method={method!r}, json=body, headers={{"X-API-Key": "a-key-for-these-tests-only"}})
print(json.dumps([response.status_code, sorted(sys.modules)]))
"""
    environ = {"API_KEY": "a-key-for-these-tests-only", "DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}", "LOG_DIR": ""}
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    status, loaded = json.loads(answer.stdout.splitlines()[-1])
    # It got as far as the store.
    assert status in (200, 201, 404)
    assert not {*OF_MONITORS, *OF_SEVERAL_ROUTES, "shared.monitors.parts"} & set(loaded)


def test_an_unknown_function_is_an_attribute_error() -> None:
    import main

    for name in ("nope", "__nope__", "..", "shared"):
        assert not hasattr(main, name)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_path_leads_out_of_the_repository(path: Path) -> None:
    assert "../" not in path.read_text(encoding="utf-8")
