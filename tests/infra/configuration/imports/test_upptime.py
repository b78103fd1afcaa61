"""The import of each kind of check that Upptime knows."""

from pathlib import Path

import pytest

from tests.infra.configuration.imports.reading import imported_text, monitor, notes, said


@pytest.mark.parametrize(
    ("site", "url"),
    [
        ("url: https://example.org", "https://example.org"),
        ("check: http, url: https://example.org", "https://example.org"),
        ("check: tcp-ping, url: example.org, port: 22", "tcp://example.org:22"),
        ("check: ws, url: wss://example.org", "wss://example.org"),
        ("check: ssl, url: example.org", "tls://example.org:443"),
        ("check: ssl, url: example.org, port: 8443", "tls://example.org:8443"),
        ("check: ssl, url: https://example.org/, type: globalping", "tls://example.org:443"),
    ],
)
def test_each_kind_of_check_comes_in(tmp_path: Path, site: str, url: str) -> None:
    imported = imported_text(tmp_path, f"sites:\n  - {{name: M, {site}}}\n", ".upptimerc.yml")
    assert [each["url"] for each in imported.monitors] == [url]


def test_a_certificate_is_judged_by_its_end_alone(tmp_path: Path) -> None:
    imported = imported_text(tmp_path, "sites:\n  - {name: M, check: ssl, url: example.org}\n", ".upptimerc.yml")
    found = monitor(imported, "M")
    assert (found["conditions"], found["verify_tls"]) == (["[CERTIFICATE_EXPIRATION] >= 7d"], False)


@pytest.mark.parametrize(
    ("site", "url", "scheme"),
    [
        ("url: $SECRET_SITE", "https://${MONITOR_SECRET_SITE}", "https"),
        ("url: $SECRET_SITE/health", "https://${MONITOR_SECRET_SITE}/health", "https"),
        ("check: ws, url: $SECRET_SITE", "wss://${MONITOR_SECRET_SITE}", "wss"),
    ],
)
def test_a_secret_url_gets_its_scheme(tmp_path: Path, site: str, url: str, scheme: str) -> None:
    imported = imported_text(tmp_path, f"sites:\n  - {{name: M, {site}}}\n", ".upptimerc.yml")
    assert monitor(imported, "M")["url"] == url
    why = f"{scheme}:// is written before ${{MONITOR_SECRET_SITE}}; give its value without {scheme}://"
    assert notes(imported, "monitors 'M'") == [f"url: {why}"]


def test_a_variable_of_what_is_left_out_is_forgotten(tmp_path: Path) -> None:
    sites = "[{name: M, url: 'https://example.org/$KEPT'}, {name: N, check: ws, url: 'no://$LOST'}]"
    imported = imported_text(tmp_path, f"sites: {sites}", ".upptimerc.yml")
    assert [each["name"] for each in imported.monitors] == ["M"]
    assert list(imported.secrets.values) == ["MONITOR_KEPT"]
    assert not said(imported, "variables", "LOST")


def test_a_logo_that_no_page_shows_is_said(tmp_path: Path) -> None:
    page = "status-website: {name: T, logoUrl: /logo.svg}"
    imported = imported_text(tmp_path, f"sites: [{{name: M, url: 'https://example.org'}}]\n{page}", ".upptimerc.yml")
    assert imported.status_page == {"title": "T"}
    why = "expected the https:// URL of a picture, without a query; it is left out"
    assert notes(imported, "status_page") == [f"logoUrl: {why}"]
