"""Gatus's files: variables, folders, manifests, and what is none."""

from itertools import pairwise
from pathlib import Path

import pytest

from infra.configuration.imports.result import SourceUnreadable
from infra.configuration.imports.sources import read
from tests.infra.configuration.imports.reading import imported_text, monitor, notes, said
from tests.infra.configuration.imports.set_ups import NOW

ENDPOINT = "{name: M, url: 'https://example.org', conditions: ['[STATUS] == 200']}"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / name.replace("__", "/").replace("_yaml", ".yaml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def test_a_variable_may_stand_where_yaml_has_braces(tmp_path: Path) -> None:
    """Gatus fills variables in before it reads YAML."""
    text = "web: {port: ${PORT}}\nendpoints: [{name: M, url: https://${HOST}/, conditions: ['[STATUS] == 200']}]"
    assert imported_text(tmp_path, text).monitors[0]["url"] == "https://${MONITOR_HOST}/"


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ("plain $", "plain $$"),
        ("$NAME and ${NAME}", "${MONITOR_NAME} and ${MONITOR_NAME}"),
        ("cost: $$5", "cost: $$5"),
        ("$$NAME", "$$NAME"),
        ("${MONITOR_NAME}", "${MONITOR_NAME}"),
        ("${API_KEY}", "${MONITOR_API_KEY}"),
    ],
)
def test_variables_of_gatus_become_ours(tmp_path: Path, body: str, written: str) -> None:
    """The agent reads ``$$`` as a literal $, as Gatus does."""
    text = f"endpoints: [{{name: M, url: 'https://example.org', body: '{body}', conditions: ['[STATUS] == 200']}}]"
    assert imported_text(tmp_path, text).monitors[0]["body"] == written


def test_a_variable_in_a_channel_gets_no_name_of_a_setting(tmp_path: Path) -> None:
    """The value of API_KEY would otherwise be sent to whoever the file names."""
    text = f"alerting: {{discord: {{webhook-url: 'https://x.example.org/${{API_KEY}}'}}}}\nendpoints: [{ENDPOINT}]"
    imported = imported_text(tmp_path, text)
    assert imported.channels["discord"]["webhook_url"] == "https://x.example.org/${IMPORTED_API_KEY}"
    assert said(imported, "variables: IMPORTED_API_KEY", "the value of Gatus's $API_KEY is not in the source")


@pytest.mark.parametrize("variable", ["${X:-2m}", "${X:=2m}"])
def test_a_default_of_flux_is_written_and_said(tmp_path: Path, variable: str) -> None:
    text = f"endpoints: [{{name: M, url: 'https://example.org', interval: {variable}, conditions: []}}]"
    imported = imported_text(tmp_path, text)
    assert imported.monitors[0]["interval"] == "2m"
    assert said(imported, f"variables: {variable}: a default is Flux's")


def test_an_escape_of_flux_is_a_variable_of_gatus(tmp_path: Path) -> None:
    text = (
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  config.yaml: |\n    endpoints:\n"
        "    - {name: M, url: 'https://$${HOST}', conditions: ['[STATUS] == 200']}\n"
    )
    assert imported_text(tmp_path, text).monitors[0]["url"] == "https://${MONITOR_HOST}"


def test_without_flux_it_is_a_literal_dollar(tmp_path: Path) -> None:
    text = "endpoints: [{name: M, url: 'https://example.org/', body: '$${HOST}', conditions: []}]"
    assert imported_text(tmp_path, text).monitors[0]["body"] == "$${HOST}"


CONFIG = f"config: {{ui: {{title: T}}, endpoints: [{ENDPOINT}]}}"


@pytest.mark.parametrize(
    "text",
    [
        f"secrets: true\n{CONFIG}",
        f"gatus: {{{CONFIG}}}",
        f"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec: {{values: {{env: {{}}, {CONFIG}}}}}",
    ],
)
def test_the_values_of_a_chart_hold_the_configuration(tmp_path: Path, text: str) -> None:
    imported = imported_text(tmp_path, text, "values.yaml")
    assert [each["name"] for each in imported.monitors] == ["M"]
    assert imported.status_page == {"title": "T"}
    assert read(tmp_path, NOW).monitors == imported.monitors


def test_the_values_of_another_chart_are_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="is of no tool that is known"):
        imported_text(tmp_path, "config: {alerting: {}, port: 1}", "values.yaml")


def test_files_of_a_folder_are_merged_and_lists_appended(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_yaml=f"alerting: {{discord: {{webhook-url: 'https://d.example.org'}}}}\nendpoints: [{ENDPOINT}]",
        sub__b_yaml="alerting: {gotify: {server-url: 'https://g.example.org', token: t}}\n"
        "endpoints: [{name: N, url: 'icmp://h', conditions: ['[CONNECTED] == true']}]",
    )
    (tmp_path / "README.md").write_text("# not YAML: {")
    imported = read(tmp_path, NOW)
    assert [each["name"] for each in imported.monitors] == ["M", "N"]
    assert set(imported.channels) == {"discord", "gotify"}


def test_anchors_do_not_reach_across_files(tmp_path: Path) -> None:
    write(tmp_path, a_yaml="x-alerts: &alerts []\nendpoints: []", b_yaml="endpoints: [{name: M, alerts: *alerts}]")
    with pytest.raises(SourceUnreadable, match=r"b\.yaml:1: .*alias"):
        read(tmp_path, NOW)


def test_what_two_files_set_is_said(tmp_path: Path) -> None:
    write(tmp_path, a_yaml=f"endpoints: [{ENDPOINT}]\nui: {{title: A}}", b_yaml="announcements: []\nui: {title: B}")
    imported = read(tmp_path, NOW)
    assert imported.status_page == {"title": "A"}
    assert notes(imported, "file b.yaml") == [
        "ui.title: another file sets it too, which Gatus refuses; the first one holds"
    ]


def test_a_file_without_endpoints_counts_beside_one_with(tmp_path: Path) -> None:
    """A page that a password guards would otherwise become public."""
    write(
        tmp_path,
        app_yaml="endpoints: [{name: M, group: g, url: 'https://example.org', conditions: ['[STATUS] == 200']}]",
        global_yaml="x-zone: &zone Europe/Berlin\nsecurity: {basic: {username: a}}\nui: {title: T}\nmetrics: true\n"
        "maintenance: {start: 23:00, duration: 1h, timezone: *zone}\nconnectivity: {checker: {target: '1.1.1.1:53'}}",
    )
    imported = read(tmp_path, NOW)
    assert imported.status_page is None
    assert imported.monitors[0]["public"] is False
    assert [window["time_zone"] for window in imported.windows] == ["Europe/Berlin"]
    assert said(imported, "CONNECTIVITY_CHECK=1.1.1.1:53")
    assert notes(imported, "file global.yaml") == []


def test_a_file_that_is_partly_of_another_program_is_said(tmp_path: Path) -> None:
    write(tmp_path, app_yaml=f"endpoints: [{ENDPOINT}]", ci_yaml="on: push\nconcurrency: {group: x}\nweb: {}")
    assert notes(read(tmp_path, NOW), "file ci.yaml") == [
        "the file: its on is another program's, so it is left out with concurrency, web"
    ]


def test_a_mounted_folder_is_not_read_twice(tmp_path: Path) -> None:
    """Kubernetes links each file into a hidden folder."""
    text = f"endpoints: [{ENDPOINT}]"
    write(tmp_path, config_yaml=text, **{"..2025_01_01__config_yaml": text})
    assert read(tmp_path, NOW).counts["monitors"] == 1


def test_our_own_output_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, config_yaml=f"endpoints: [{ENDPOINT}]", bonghwa_yaml="endpoints: [{name: own, url: 'icmp://h'}]")
    imported = read(tmp_path, NOW, frozenset({tmp_path / "bonghwa.yaml"}))
    assert [each["name"] for each in imported.monitors] == ["M"]


def test_yaml_is_read_as_gatus_reads_it(tmp_path: Path) -> None:
    """PyYAML would read ``23:00`` as a number, ``no`` as false, and refuse ``=``."""
    text = (
        "x-sign: =\nmaintenance: {start: 23:00, duration: 1h}\n"
        "endpoints:\n- {name: no, group: on, url: 'https://example.org', conditions: ['[BODY].x == yes']}\n"
    )
    imported = imported_text(tmp_path, text)
    assert (imported.monitors[0]["name"], imported.monitors[0]["group"]) == ("no", "on")
    assert imported.windows[0]["at"] == "23:00"


def test_a_tag_of_ones_own_is_looked_through(tmp_path: Path) -> None:
    text = "endpoints:\n- {name: !name M, url: 'https://example.org', headers: !h {A: !s b}, conditions: !l []}"
    assert imported_text(tmp_path, text).monitors[0]["headers"] == {"A": "b"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("endpoints:\n  - name: [\n", r"config\.yaml:3: did not find"),
        ("endpoints:\n- {name: M, name: N}", "config.yaml:2: 'name' occurs twice"),
        ("endpoints:\n{% for e in list %}\n- name: x\n{% endfor %}", "is a template: render it first"),
        ("endpoints:\n- {name: a, url: {{ url }}}", "is a template: render it first"),
        ("endpoints:\n- name: a\n  url: 'https://{{ domain }}/'", "is a template: render it first"),
        ("sops: {mac: x}\nendpoints: ENC[AES256_GCM,data:x]", "is encrypted: decrypt it first"),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162", "is encrypted: decrypt it first"),
        ("monitors: []", "looks like a bonghwa.yaml already"),
        ("hosts: [a, b]", "is of no tool that is known"),
        ("- a\n- b", "is of no tool that is known"),
        ("just words", "is of no tool that is known"),
        ("apiVersion: v1\nkind: ConfigMap\ndata: {a: b}", "holds no endpoints of Gatus"),
        ("# nothing", "is of no tool that is known"),
        (" \n", "is empty"),
        ("a: &a [x]\nb: &b [*a, *a]\nendpoints: &c [&d [*c]]", "expands to more than"),
        (
            "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + "\n".join(f"{name}: &{name} [{', '.join([f'*{last}'] * 10)}]" for last, name in pairwise("abcdefg"))
            + "\nendpoints: *g",
            "expands to more than",
        ),
        ("endpoints: " + "[" * 500, "nested too deeply"),
        ("endpoints: '\x07'", "U\\+0007"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SourceUnreadable, match=reason):
        read(file, NOW)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("endpoints: []".encode("utf-16"), "is UTF-16"),
        (b"endpoints: \xff\xfe", "neither a SQLite database nor text"),
        (b"\0GITCRYPT\0\x8a", "neither a SQLite database nor text"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(data)
    with pytest.raises(SourceUnreadable, match=reason):
        read(file, NOW)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + f"endpoints: [{ENDPOINT}]".encode())
    assert read(file, NOW).counts["monitors"] == 1


def test_a_folder_without_anything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="holds no YAML file with endpoints of Gatus"):
        read(tmp_path, NOW)
    write(tmp_path, global_yaml="maintenance: {start: 23:00, duration: 1h}")
    with pytest.raises(SourceUnreadable, match="holds no YAML file with endpoints of Gatus"):
        read(tmp_path, NOW)


def test_a_source_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="there is no such file or folder"):
        read(tmp_path / "gatus.yaml", NOW)


def test_a_template_in_a_message_is_no_template_of_the_file(tmp_path: Path) -> None:
    custom = "{url: 'https://x.example.org', method: POST, body: '{\"t\": \"{{ x }}\"}'}"
    imported = imported_text(tmp_path, f"alerting: {{custom: {custom}}}\nendpoints: [{ENDPOINT}]")
    assert said(imported, "channels 'custom': body: its braces are a template's")


def test_an_interval_of_a_microsecond_is_said(tmp_path: Path) -> None:
    endpoints = [
        f"{{name: 'e{n}', url: 'icmp://h', interval: {text}}}" for n, text in enumerate(("10us", "1.5h", "-5s"))
    ]
    imported = imported_text(tmp_path, f"endpoints: [{', '.join(endpoints)}]")
    assert [each.get("interval") for each in imported.monitors] == ["1m", "1h30m", "1m"]
    assert said(imported, "monitors 'e2': interval -5s: expected a duration")
    assert monitor(imported, "e1")["interval"] == "1h30m"


def test_files_of_other_programs_do_not_stop_an_import(tmp_path: Path) -> None:
    others = {
        "chart_yaml": "{{- if .Values.on }}",
        "secret_yaml": "sops: {mac: x}\na: ENC[AES256_GCM,x]",
        "empty_yaml": "",
    }
    write(tmp_path, config_yaml=f"endpoints: [{ENDPOINT}]", **others)
    imported = read(tmp_path, NOW)
    assert imported.counts["monitors"] == 1
    for name, reason in (("chart", "is a template"), ("secret", "is encrypted"), ("empty", "is empty")):
        assert said(imported, f"file {name}.yaml: the file", reason, "it is left out")
