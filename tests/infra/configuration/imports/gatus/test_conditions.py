"""Conditions of Gatus: carried over as they are, or as they were meant, or left out and said."""

from pathlib import Path

import pytest

from infra.configuration.imports.result import Imported
from tests.infra.configuration.imports.reading import imported_text, notes


def imported_with(folder: Path, condition: str, url: str = "https://example.org") -> Imported:
    return imported_text(folder, f"endpoints: [{{name: M, url: '{url}', conditions: [{condition!r}]}}]")


@pytest.mark.parametrize(
    "condition",
    [
        "[STATUS] == 200",
        "[CERTIFICATE_EXPIRATION] > 48h",
        "[CONNECTED] == true",
        "[RESPONSE_TIME] < 5",
        "has([BODY].id) == true",
        "[BODY].path != failed",
        "[STATUS] == any(200, 401)",
        "[STATUS] == any(200,401)",
        '[BODY] != ""',
        "[BODY] == pat(*<h1>Example Domain</h1>*)",
        '[BODY] == pat(*id="app"*)',
        "[BODY] == 203.0.113.2",
        "len([BODY].items) >= 1",
        "[IP] == 203.0.113.1",
        "[STATUS] == 999",
        "[BODY] == pat(*a && b*)",
        '[BODY].text == "a || b"',
        "[BODY].MediaContainer.size >= 1",
    ],
)
def test_a_condition_is_carried_over_as_it_is(tmp_path: Path, condition: str) -> None:
    imported = imported_with(tmp_path, condition)
    assert imported.monitors[0]["conditions"] == [condition]
    assert notes(imported, "monitors 'M'") == []


@pytest.mark.parametrize(
    ("condition", "written"),
    [
        ("[BODY].status == SERVING", "[BODY] == SERVING"),
        ("[body].status != any(NOT_SERVING, UNKNOWN)", "[BODY] != any(NOT_SERVING, UNKNOWN)"),
        ("has([BODY].status) == true", "has([BODY]) == true"),
        ("[BODY] == pat(*SERVING*)", "[BODY] == pat(*SERVING*)"),
        ("[BODY].status == ${STATUS}", "[BODY] == ${MONITOR_STATUS}"),
    ],
)
def test_the_state_of_a_grpc_service_is_the_whole_body(tmp_path: Path, condition: str, written: str) -> None:
    """Gatus has it in a JSON object."""
    imported = imported_with(tmp_path, condition, "grpc://example.org:50051")
    assert imported.monitors[0]["conditions"] == [written]
    assert notes(imported, "monitors 'M'") == []


@pytest.mark.parametrize(
    "condition", ["[BODY].service == x", "[BODY].status.x == y", '[BODY] == {"status":"SERVING"}', "[BODY][0] == x"]
)
def test_more_of_a_grpc_service_is_left_out(tmp_path: Path, condition: str) -> None:
    imported = imported_with(tmp_path, condition, "grpcs://example.org")
    assert "conditions" not in imported.monitors[0]
    why = "[BODY] is the state alone here, such as SERVING; it is left out"
    assert notes(imported, "monitors 'M'")[0] == f"condition {condition}: {why}"


@pytest.mark.parametrize(
    ("condition", "is_said"),
    [
        ("[BODY] == 203.0.113.2", True),
        ("[BODY] == any(203.0.113.2, 203.0.113.3)", True),
        ("[BODY] == pat(203.0.113.*)", True),
        ("[BODY] == pat(*.ns.example.)", True),
        ("[BODY] == pat(*203.0.113.2*)", False),
        ('[BODY] != ""', False),
        ("[DNS_RCODE] == NOERROR", False),
    ],
)
def test_a_condition_on_one_of_several_records_is_said(tmp_path: Path, condition: str, is_said: bool) -> None:
    endpoint = f"{{name: M, url: 9.9.9.9, dns: {{query-name: a.example}}, conditions: [{condition!r}]}}"
    imported = imported_text(tmp_path, f"endpoints: [{endpoint}]")
    assert imported.monitors[0]["conditions"] == [condition]
    reason = "[BODY] has all records here, each on a line; Gatus compares the last one alone"
    assert notes(imported, "monitors 'M'") == ([f"condition {condition}: {reason}"] if is_said else [])


@pytest.mark.parametrize(
    ("condition", "is_kept"),
    [
        ("[BODY] == sip.example.org.:5060", False),
        ("[BODY] == pat(*.example.org.:5060)", False),
        ("[BODY] == pat(*sip.example.org.:5060*)", False),
        ("[BODY] == pat(*sip.example.org.*)", True),
        ('[BODY] != ""', True),
        ("[DNS_RCODE] == NOERROR", True),
    ],
)
def test_a_condition_on_the_form_of_a_srv_record_is_left_out(tmp_path: Path, condition: str, is_kept: bool) -> None:
    dns = "{query-name: _sip._tcp.example.org, query-type: SRV}"
    text = f"endpoints: [{{name: M, url: 9.9.9.9, dns: {dns}, conditions: [{condition!r}]}}]"
    imported = imported_text(tmp_path, text)
    assert imported.monitors[0].get("conditions", []) == ([condition] if is_kept else [])
    why = "[BODY] has records such as 10 5 5060 host. here, and host.:5060 in Gatus; it is left out"
    assert (f"condition {condition}: {why}" in notes(imported, "monitors 'M'")) != is_kept


@pytest.mark.parametrize(
    ("condition", "meant", "did"),
    [
        ("[STATUS] >= 200 && [STATUS] < 400", ["[STATUS] >= 200", "[STATUS] < 400"], "always true"),
        ("[STATUS] > 199 && [STATUS] < 300", ["[STATUS] > 199", "[STATUS] < 300"], "nearly always true"),
        ("[STATUS] >= 300 && [STATUS] <= 399", ["[STATUS] >= 300", "[STATUS] <= 399"], "always true"),
        ("[STATUS] == 200 && [BODY].ok == true", ["[STATUS] == 200", "[BODY].ok == true"], "never true"),
        ("[STATUS] != 500 && [STATUS] != 502", ["[STATUS] != 500", "[STATUS] != 502"], "always true"),
        ("[STATUS] == 200 || [STATUS] == 401", ["[STATUS] == any(200, 401)"], "never true"),
        ("[STATUS] == 200||[STATUS] == any(401, 403)", ["[STATUS] == any(200, 401, 403)"], "never true"),
    ],
)
def test_what_was_meant_by_logic_is_written(tmp_path: Path, condition: str, meant: list[str], did: str) -> None:
    imported = imported_with(tmp_path, condition)
    assert imported.monitors[0]["conditions"] == meant
    said = f"Gatus has no such operator and finds this {did}; it is written as {' and '.join(meant)}"
    assert notes(imported, "monitors 'M'") == [f"condition {condition}: {said}"]


@pytest.mark.parametrize(
    "condition",
    [
        "[STATUS] == 200 || [BODY].ok == true",
        "[STATUS] < 300 || [STATUS] == 404",
        "[STATUS] == 200 || 401",
        "[STATUS] == 200 && [STATUS] == 201 || [STATUS] == 202",
        "[BODY] == pat(a*) || [BODY] == pat(b*)",
    ],
)
def test_logic_whose_meaning_is_not_certain_is_left_out(tmp_path: Path, condition: str) -> None:
    imported = imported_with(tmp_path, condition)
    assert "conditions" not in imported.monitors[0]
    said = notes(imported, "monitors 'M'")
    assert "Gatus has no such operator" in said[0]
    assert "it is left out" in said[0]
    assert said[1] == "conditions: there is none, so what counts as up by default does"


@pytest.mark.parametrize(
    ("condition", "url", "expected"),
    [
        ("[STATUS]==200", "https://example.org", "expected [STATUS] == 200"),
        ("[DOMAIN_EXPIRATION] > 720h", "https://example.org", "the expiry of a domain is not known"),
        ("[STATUS] == 200", "tcp://example.org:22", "found [STATUS]"),
        ("[DNS_RCODE] == NOERROR", "https://example.org", "found [DNS_RCODE]"),
        ("[BODY].memory.used > 500", "ssh://example.org:22", "[BODY] is the server's banner here"),
        ("[BODY] == pat(*OK*)", "tls://example.org:993", "nothing is sent inside TLS here"),
        ("len([BODY]) > 0", "starttls://example.org:25", "nothing is sent inside TLS here"),
    ],
)
def test_a_condition_that_cannot_hold_is_left_out(tmp_path: Path, condition: str, url: str, expected: str) -> None:
    imported = imported_with(tmp_path, condition, url)
    assert "conditions" not in imported.monitors[0]
    assert expected in notes(imported, "monitors 'M'")[0]


def test_a_variable_in_a_condition_is_filled_in_by_the_agent(tmp_path: Path) -> None:
    imported = imported_with(tmp_path, "[BODY].version == ${VERSION}")
    assert imported.monitors[0]["conditions"] == ["[BODY].version == ${MONITOR_VERSION}"]
    assert imported.secrets.missing() == {"MONITOR_VERSION": "VERSION"}


@pytest.mark.parametrize("listed", ["~", "[]", "[~]", "text", "[[1]]", "{a: 1}"])
def test_a_list_of_no_conditions_is_said(tmp_path: Path, listed: str) -> None:
    imported = imported_text(tmp_path, f"endpoints: [{{name: M, url: 'https://example.org', conditions: {listed}}}]")
    assert "conditions" not in imported.monitors[0]
    assert notes(imported, "monitors 'M'")
