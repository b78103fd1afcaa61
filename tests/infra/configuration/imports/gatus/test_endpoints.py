"""Endpoints of Gatus: what is checked, and how."""

from pathlib import Path

import pytest

from infra.configuration.imports.result import Imported
from tests.infra.configuration.imports.reading import imported_text, notes, said


def endpoint(folder: Path, **fields: str) -> Imported:
    """What comes of an endpoint with these fields, each as YAML."""
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
