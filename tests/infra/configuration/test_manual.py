"""The manual and the example against the models: what one of them has and the other does not fails here."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from infra.configuration.channels import fields_of
from infra.configuration.file import Configuration, read
from infra.configuration.monitors import BUILT_IN
from infra.configuration.outline import SECTIONS
from infra.configuration.reading.nodes import MappingNode, data_of
from infra.configuration.reading.yaml_text import parse
from infra.configuration.sections import Templates
from shared import ROOT
from shared.channels.fields import Common, QuietHours
from shared.monitors.descriptions import MONITOR, PARTS
from shared.monitors.durations import duration_text
from shared.monitors.kinds import KIND_OF_SCHEME, KINDS_WITH, PLACEHOLDERS_OF, Kind
from shared.monitors.parts import Step
from shared.monitors.policy import Policy
from shared.monitors.urls import STARTTLS_PORTS
from shared.monitors.windows.drill import Drill
from shared.monitors.windows.recurrence import Recurring
from shared.monitors.windows.summary import Summary
from shared.monitors.windows.window import Window
from shared.notifiers import kinds as channel_kinds
from shared.pages.configured import StatusPage
from tests.infra.configuration.conftest import Mistakes, Read

READMES = ["README.md", "README.ko.md"]
EXAMPLE = ROOT / "bonghwa.example.yaml"
SECRETS = ("MAIL_USER", "MAIL_PASSWORD", "STATUS_PASSWORD", "BACKUP_TOKEN")
ENVIRON = {"OPS_BOT_TOKEN": "1:a", **dict.fromkeys(SECRETS, "value-1")}
ALL = {"README.md": "all", "README.ko.md": "모두"}
MODELS: Mapping[str, type[BaseModel]] = {
    "windows": Window,
    "escalations": Step,
    "status_page": StatusPage,
    "templates": Templates,
    "drills": Drill,
    "summaries": Summary,
    "channels": Common,
    "quiet_hours": QuietHours,
}


def text(readme: str) -> str:
    """The manual of the file, and the one of its windows, drills and summaries."""
    folders = (ROOT / "infra" / "configuration", ROOT / "shared" / "monitors" / "windows")
    return "\n".join((folder / readme).read_text(encoding="utf-8") for folder in folders)


def tables(readme: str) -> list[dict[str, list[str]]]:
    """The tables of a manual: the first cell of each row, and the other cells."""
    found = re.findall(r"(?m)(?:^\|.*\n)+", text(readme))
    rows = [[[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()] for table in found]
    return [{row[0].strip("` |"): [cell.strip(" |") for cell in row[1:]] for row in table[2:]} for table in rows]


def names(kinds: Iterable[str]) -> str:
    return ", ".join(sorted(kinds))


def kinds_of(field: str, readme: str) -> str:
    """The kinds that can use a field: those, or all but those, whichever is shorter."""
    kinds = KINDS_WITH.get(field, frozenset(Kind))
    others = frozenset(Kind) - kinds
    if not others:
        return ALL[readme]
    if len(others) < len(kinds):
        return f"all but {names(others)}" if readme == "README.md" else f"{names(others)} 제외"
    return names(kinds)


def default_of(field: str) -> str:
    if Policy.model_fields[field].is_required():
        return "–"
    value = BUILT_IN.get(field, Policy.model_fields[field].get_default(call_default_factory=True))
    match value:
        case bool():
            return str(value).lower()
        case float():
            return duration_text(value)
        case int() | str():
            return str(value)
        case [_, *_]:
            return ", ".join(value)
    return "–"


@pytest.mark.parametrize("readme", READMES)
def test_the_table_of_fields_is_the_model(readme: str) -> None:
    fields = next(table for table in tables(readme) if "failure_threshold" in table)
    assert list(fields) == list(Policy.model_fields)
    for name, (kinds, default, meaning) in fields.items():
        assert (kinds, default) == (kinds_of(name, readme), default_of(name)), name
        assert meaning == MONITOR[name] if readme == "README.md" else meaning, name


@pytest.mark.parametrize("readme", READMES)
def test_the_manual_names_the_ports_that_say_their_protocol(readme: str) -> None:
    [*_, meaning] = next(table for table in tables(readme) if "failure_threshold" in table)["protocol"]
    assert [int(port) for port in re.findall(r"\d+", meaning)] == sorted(STARTTLS_PORTS)


@pytest.mark.parametrize("readme", READMES)
def test_the_table_of_parts_is_the_models(readme: str) -> None:
    parts = next(table for table in tables(readme) if "dns.query_name" in table)
    known = {f"{part}.{name}": meaning for part, fields in PARTS.items() for name, meaning in fields.items()}
    assert list(parts) == list(known)
    assert readme != "README.md" or {name: meaning for name, [meaning] in parts.items()} == known


@pytest.mark.parametrize("readme", READMES)
def test_the_table_of_kinds_is_true(readme: str) -> None:
    kinds = next(table for table in tables(readme) if "websocket" in table)
    assert list(kinds) == [str(kind) for kind in Kind]
    for kind, (urls, placeholders) in kinds.items():
        schemes = [f"`{scheme}://`" for scheme, of in KIND_OF_SCHEME.items() if of == kind]
        assert re.findall(r"`\w+://`", urls) == schemes
        assert placeholders == " ".join(f"`[{name}]`" for name in sorted(PLACEHOLDERS_OF[Kind(kind)])) or "–"


@pytest.mark.parametrize("readme", READMES)
def test_the_table_of_channels_is_true(readme: str) -> None:
    channels = next(table for table in tables(readme) if "pagerduty" in table)
    assert list(channels) == list(channel_kinds())
    for kind, cells in channels.items():
        expected = [", ".join(f"`{name}`" for name in fields) or "–" for fields in fields_of(kind)]
        assert cells == expected, kind


@pytest.mark.parametrize("readme", READMES)
@pytest.mark.parametrize("section", MODELS)
def test_the_table_of_a_section_is_its_model(readme: str, section: str) -> None:
    model = MODELS[section]
    own = {field.alias or name: field.description for name, field in model.model_fields.items()}
    if issubclass(model, Recurring):
        own = {name: meaning for name, meaning in own.items() if name not in Recurring.model_fields}
    [table] = [table for table in tables(readme) if list(table) == list(own)]
    assert readme != "README.md" or {name: meaning for name, [meaning] in table.items()} == own


@pytest.mark.parametrize("readme", READMES)
def test_the_recurrences_have_a_table(readme: str) -> None:
    own = {name: field.description for name, field in Recurring.model_fields.items()}
    [table] = [table for table in tables(readme) if list(table) == list(own)]
    assert readme != "README.md" or {name: meaning for name, [meaning] in table.items()} == own


@pytest.mark.parametrize("readme", READMES)
def test_every_section_is_named(readme: str) -> None:
    for section in SECTIONS:
        assert f"`{section}`" in text(readme)


@pytest.mark.parametrize("readme", READMES)
def test_the_manuals_files_can_be_read(reading: Read, readme: str) -> None:
    blocks = re.findall(r"(?ms)^```yaml\n(.*?)```", text(readme))
    assert blocks
    for block in blocks:
        assert reading(block, **ENVIRON).monitors


@pytest.mark.parametrize("readme", READMES)
def test_the_manuals_mistakes_are_said(mistakes: Mistakes, readme: str) -> None:
    [shown] = re.findall(r"(?m)^bonghwa\.yaml:(\d+: .*)$", text(readme))
    file = "monitors: [{name: API, url: 'http://a.example', interval: 30 secs}]\n"
    assert mistakes("\n" * 11 + file) == [shown]


@pytest.fixture(scope="module")
def example() -> Configuration:
    return read(EXAMPLE, ENVIRON)


def test_the_example_has_every_field_of_a_monitor(example: Configuration) -> None:
    used = {name for policy in example.monitors for name in policy.model_fields_set}
    assert used == set(Policy.model_fields)
    assert {policy.kind for policy in example.monitors} == set(Kind)
    for part, fields in PARTS.items():
        values = [value for policy in example.monitors if (value := getattr(policy, part))]
        assert {name for value in values for name in value.model_fields_set} == set(fields), part


def test_the_example_has_every_section_and_its_fields(example: Configuration) -> None:
    root, _ = parse(EXAMPLE.read_text(encoding="utf-8"))
    assert isinstance(root, MappingNode)
    data: dict[str, Any] = data_of(root)
    assert {key for key in data if not key.startswith("x-")} == set(SECTIONS)
    steps = [step for steps in example.escalations.values() for step in steps]
    pages = [example.status_page or {}, *example.status_pages.values()]
    assert {name for step in steps for name in step} == set(Step.model_fields)
    assert {name for window in example.windows for name in window} == set(Window.model_fields)
    assert {name for page in pages for name in page} == set(StatusPage.model_fields)
    assert set(example.templates) == set(Templates.model_fields)
    assert {name for channel in example.channels.values() for name in channel} >= set(Common.model_fields)
    assert all(
        name in ["need_ack", "channels", "at", "time_zone", "weekly"] for drill in example.drills for name in drill
    )
