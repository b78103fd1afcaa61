"""The page of Gatus, and what of the file is not about what is watched."""

from pathlib import Path

import pytest

from infra.configuration.imports.result import Imported
from tests.infra.configuration.imports.reading import imported_text, notes

WHY = "expected the https:// URL of a picture, without a query; it is left out"


def page_of(folder: Path, logo: str) -> Imported:
    return imported_text(folder, f"ui: {{title: T, logo: '{logo}'}}\nendpoints: [{{name: M, url: 'icmp://h'}}]")


def test_a_logo_is_carried_over(tmp_path: Path) -> None:
    imported = page_of(tmp_path, "https://example.org/logo.png")
    assert imported.status_page == {"title": "T", "logo": "https://example.org/logo.png"}
    assert notes(imported, "status_page") == []


@pytest.mark.parametrize("logo", ["http://example.org/l.png", "https://${HOST}/l.png", "https://example.org/l?v=2"])
def test_a_logo_that_no_page_shows_is_said(tmp_path: Path, logo: str) -> None:
    imported = page_of(tmp_path, logo)
    assert imported.status_page == {"title": "T"}
    assert notes(imported, "status_page") == [f"logo: {WHY}"]
