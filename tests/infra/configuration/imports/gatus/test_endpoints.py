"""Endpoints of Gatus: what is checked, and how."""

from pathlib import Path

import pytest

from infra.configuration.imports.result import Imported
from tests.infra.configuration.imports.reading import imported_text, notes, said


def endpoint(folder: Path, **fields: str) -> Imported:
    """The result of an endpoint with these fields, each as YAML."""
    given = {"name": "M", "url": "'https://example.org'", "conditions": "['[STATUS] == 200']", **fields}
    return imported_text(folder, f"endpoints:\n- {{{', '.join(f'{name}: {text}' for name, text in given.items())}}}")


@pytest.mark.parametrize(
    ("url", "condition", "written"),
    [
        ("'${SITE}'", "[STATUS] == 200", "https://${MONITOR_SITE}"),
        ("$SITE", "[BODY].status == ok", "https://${MONITOR_SITE}"),
        ("'${SITE}/health'", "[CONNECTED] == true", "https://${MONITOR_SITE}/health"),
        ("'${SITE}${PATH}'", "[STATUS] == 200", "https://${MONITOR_SITE}${MONITOR_PATH}"),
    ],
)
def test_a_url_in_a_variable_gets_its_scheme(tmp_path: Path, url: str, condition: str, written: str) -> None:
    imported = endpoint(tmp_path, url=url, conditions=f"[{condition!r}]")
    assert imported.monitors[0]["url"] == written
    why = "https:// is written before ${MONITOR_SITE}; give its value without https://"
    assert notes(imported, "monitors 'M'") == [f"url: {why}"]


@pytest.mark.parametrize("url", ["'${SCHEME}://example.org'", "'${ADDRESS}'"])
def test_a_scheme_that_cannot_be_told_is_said(tmp_path: Path, url: str) -> None:
    imported = endpoint(tmp_path, url=url, conditions="['[CONNECTED] == true']")
    assert imported.monitors == []
    assert said(imported, "monitors 'M': url", "expected a scheme such as https:// or tcp://; it is left out")
    assert imported.secrets.missing() == {}
    assert not said(imported, "variables")


@pytest.mark.parametrize(
    ("field", "text", "name"),
    [("enabled", "'${X}'", "enabled"), ("client", "{insecure: '${X}'}", "insecure"), ("graphql", "maybe", "graphql")],
)
def test_no_truth_counts_as_not_set(tmp_path: Path, field: str, text: str, name: str) -> None:
    imported = endpoint(tmp_path, **{field: text})
    assert imported.monitors == endpoint(tmp_path).monitors
    value = "maybe" if text == "maybe" else "${X}"
    assert notes(imported, "monitors 'M'") == [f"{name} {value}: expected true or false; it counts as not set"]


def test_a_window_whose_switch_is_a_variable_is_kept(tmp_path: Path) -> None:
    text = "maintenance: {start: 23:00, duration: 1h, enabled: '${X}'}\nendpoints: [{name: M, url: 'icmp://h'}]"
    imported = imported_text(tmp_path, text)
    assert len(imported.windows) == 1
    assert notes(imported, "maintenance") == ["enabled ${X}: expected true or false; it counts as not set"]


def test_a_body_has_what_gatus_fills_in(tmp_path: Path) -> None:
    body = "'[ENDPOINT_NAME] of [ENDPOINT_GROUP] at [ENDPOINT_URL], [RESULT]'"
    imported = endpoint(tmp_path, group="g", url="'https://${HOST}/'", body=body)
    assert imported.monitors[0]["body"] == "M of g at https://${MONITOR_HOST}/, [RESULT]"
    assert notes(imported, "monitors 'M'") == []


@pytest.mark.parametrize("what", ["[RANDOM_STRING_10]", "[LOCAL_ADDRESS]"])
def test_what_cannot_be_filled_into_a_body_is_said(tmp_path: Path, what: str) -> None:
    imported = endpoint(tmp_path, body=f"'x {what} y'")
    assert imported.monitors[0]["body"] == f"x {what} y"
    why = "nothing of this kind is filled in here; it is sent as it stands"
    assert notes(imported, "monitors 'M'") == [f"body {what}: {why}"]


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("icmp://2606:4700::1111", "icmp://[2606:4700::1111]"),
        ("icmp://::1", "icmp://[::1]"),
        ("icmp://[::1]", "icmp://[::1]"),
        ("icmp://192.0.2.1", "icmp://192.0.2.1"),
    ],
)
def test_an_ipv6_address_to_ping_gets_brackets(tmp_path: Path, url: str, written: str) -> None:
    imported = endpoint(tmp_path, url=f"'{url}'", conditions="['[CONNECTED] == true']")
    assert imported.monitors[0]["url"] == written
    assert notes(imported, "monitors 'M'") == []


@pytest.mark.parametrize(("threshold", "written"), [("success-threshold: 4, ", 4), ("", 2)])
def test_a_success_threshold_of_a_heartbeat_is_kept(tmp_path: Path, threshold: str, written: int) -> None:
    text = (
        "alerting: {gotify: {server-url: 'https://g.example.org', token: t}}\nexternal-endpoints:\n"
        f"- {{name: M, token: t, heartbeat: {{interval: 30m}}, alerts: [{{{threshold}type: gotify}}]}}"
    )
    assert imported_text(tmp_path, text).monitors[0]["success_threshold"] == written


def test_kerberos_is_said_to_be_lost(tmp_path: Path) -> None:
    imported = endpoint(tmp_path, client="{kerberos: {principal: 'a@B', keytab-file: /x}}")
    assert notes(imported, "monitors 'M'") == ["client.kerberos: it is not supported; the check sends no credentials"]


def test_a_maintenance_longer_than_a_day_would_never_end(tmp_path: Path) -> None:
    text = "maintenance: {start: 23:00, duration: 25h}\nendpoints: [{name: M, url: 'icmp://h'}]"
    imported = imported_text(tmp_path, text)
    assert imported.windows == []
    assert said(imported, "maintenance: maintenance of 1d1h: it begins again before it ends", "it is left out")
