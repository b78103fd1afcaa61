"""Names in the file must be the names of something, and nothing may depend on itself."""

import pytest

from tests.infra.configuration.conftest import Mistakes, Read

FILE = """\
channels: {ops: {kind: slack, webhook_url: "https://a.example"}}
escalations: {night: [{after: 5m, channels: [ops]}]}
groups: {Later: {}}
monitors:
  - {name: API, group: Web, tags: [billing], url: "http://a.example"}
"""


def with_monitor(fields: str) -> str:
    return f"{FILE}  - {{name: B, url: 'http://b.example', {fields}}}\n"


@pytest.mark.parametrize(
    "fields",
    [
        "channels: [ops, console]",
        "channels: kind:slack",
        "channels: ['kind:console']",
        "channels: []",
        "escalation: night",
        "depends_on: [API]",
        "depends_on: Web",
        "depends_on: [Later]",
        "depends_on: ['http://kim:***@env.example']",
    ],
)
def test_a_name_that_something_has_is_taken(reading: Read, fields: str) -> None:
    assert len(reading(with_monitor(fields), TARGET_URL="http://kim:pw@env.example").monitors) == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("channels: [console, opps]", "channels[1] is 'opps': expected a channel, perhaps ops"),
        ("channels: telegram", "channels is 'telegram': expected a channel: console, ops"),
        ("channels: ['kind:mail']", "channels[0] is 'kind:mail': expected kind: and one of the channels' kinds"),
        ("escalation: nigth", "escalation is 'nigth': expected an escalation, perhaps night"),
        ("depends_on: [Wob]", "depends_on[0] is 'Wob': expected a monitor or a group, perhaps Web"),
    ],
)
def test_a_name_that_nothing_has_is_a_mistake(mistakes: Mistakes, fields: str, said: str) -> None:
    [found] = mistakes(with_monitor(fields))
    assert found.startswith(f"6: monitors[1] 'B': {said}")


def test_a_wrong_name_in_defaults_is_said_once_and_there(mistakes: Mistakes) -> None:
    text = f"defaults: {{channels: [opps]}}\n{FILE}  - {{name: B, url: 'http://b.example'}}\n"
    assert mistakes(text) == ["1: defaults: channels[0] is 'opps': expected a channel, perhaps ops"]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (
            "escalations: {a: [{after: 5m, channels: [console, nope]}]}",
            "escalations 'a'[0]: channels[1] is 'nope': expected a",
        ),
        (
            "windows: [{kind: silence, monitors: [Nope], duration: 1h}]",
            "windows[0]: monitors[0] is 'Nope': expected a mon",
        ),
        (
            "windows: [{kind: silence, groups: Nope, duration: 1h}]",
            "windows[0]: groups is 'Nope': expected a group, and",
        ),
        (
            "windows: [{kind: silence, tags: [x], duration: 1h}]",
            "windows[0]: tags[0] is 'x': expected a tag that a monit",
        ),
        ("status_page: {groups: [Nope]}", "status_page: groups[0] is 'Nope': expected a group, and there is none"),
        (
            "status_pages: {a: {groups: [Nope]}}",
            "status_pages 'a': groups[0] is 'Nope': expected a group, and there is",
        ),
        (
            "drills: [{every: day, at: '10:00', channels: nope}]",
            "drills[0]: channels is 'nope': expected a channel: console",
        ),
        (
            "summaries: [{every: day, at: '09:00', channels: [nope]}]",
            "summaries[0]: channels[0] is 'nope': expected a channel: console",
        ),
    ],
)
def test_a_wrong_name_in_a_section_is_a_mistake(mistakes: Mistakes, section: str, said: str) -> None:
    [found] = mistakes(f"{section}\n")
    assert found.startswith(f"1: {said}")


@pytest.mark.parametrize(
    ("arrows", "way"),
    [
        ({"A": "[B]", "B": "[A]"}, "A → B → A"),
        ({"A": "[B]", "B": "[C]", "C": "[D, A]", "D": "[]"}, "A → B → C → A"),
        ({"A": "[G]", "B": "[A]"}, "A → G → B → A"),
    ],
)
def test_a_circle_of_dependencies_is_a_mistake(mistakes: Mistakes, arrows: dict[str, str], way: str) -> None:
    lines = [
        f"  - {{name: {name}, url: 'http://a.example', depends_on: {parents}, group: {'G' if name == 'B' else 'H'}}}"
        for name, parents in arrows.items()
    ]
    [found] = mistakes("monitors:\n" + "\n".join(lines) + "\n")
    said, _, shown = found.partition("expected monitors that do not depend on it in turn ")
    names = shown.strip("()").split(" → ")
    assert "depends_on is " in said
    assert names[0] == names[-1]
    assert f" → {' → '.join(names[:-1] * 2)} → ".count(f" {way} ") or way == shown.strip("()")


def test_monitors_that_share_a_parent_are_no_circle(reading: Read) -> None:
    parents = ["", *(f"M{number}, M0" for number in range(49))]
    lines = [f"  - {{name: M{n}, url: 'http://a.example', depends_on: [{of}]}}" for n, of in enumerate(parents)]
    assert len(reading("monitors:\n" + "\n".join(lines)).monitors) == 50


def test_an_empty_target_url_is_no_suggestion(mistakes: Mistakes) -> None:
    text = "windows: [{kind: silence, monitors: [x], every: day, at: '02:30', duration: 1h}]\n"
    [said] = mistakes(text, TARGET_URL="")
    assert said.endswith("monitors[0] is 'x': expected a monitor, and there is none")
