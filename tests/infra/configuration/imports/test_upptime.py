"""What becomes of each kind of check that Upptime knows."""

from pathlib import Path

import pytest

from tests.infra.configuration.imports.reading import imported_text, monitor


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
