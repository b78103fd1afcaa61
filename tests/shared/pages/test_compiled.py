"""Templates that a deployment compiled: a cold start in a cloud loads them, and only those that fit its pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment

from shared import ROOT
from shared.pages import rendering

pytestmark = pytest.mark.slow

DASHBOARD = ROOT / "functions/dashboard"


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The templates that a deployment compiled, in a process in a cloud."""
    monkeypatch.setenv("K_SERVICE", "bonghwa-dashboard")
    monkeypatch.setattr(rendering, "COMPILED", tmp_path / "templates")
    rendering.compile_templates(tmp_path / "templates")
    rendering._environment.cache_clear()
    yield tmp_path / "templates"
    rendering._environment.cache_clear()


def sources_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that are compiled from now on."""
    found: list[str] = []
    usual = Environment.compile

    def compile_(self: Environment, source: str, name: str, *rest: object, **more: object) -> object:
        found.append(name)
        return usual(self, source, name, *rest, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Environment, "compile", compile_)
    return found


def test_a_cloud_compiles_no_template(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = sources_read(monkeypatch)
    environment = rendering._environment(DASHBOARD)
    for path in (*DASHBOARD.glob("*.html"), ROOT / "shared/pages/layout.html"):
        assert environment.get_template(path.name).name == path.name
    assert found == []


def test_templates_of_another_version_are_left_alone(compiled: Path) -> None:
    for folder in compiled.iterdir():
        folder.rename(f"{folder}0")
    assert rendering._environment(DASHBOARD).get_template("form.html").filename == str(DASHBOARD / "form.html")


def test_a_deployment_leaves_no_former_templates(compiled: Path) -> None:
    (compiled / "dashboard-0000000000000000").mkdir()
    rendering.compile_templates(compiled)
    assert sorted(path.name.partition("-")[0] for path in compiled.iterdir()) == ["dashboard", "status_page"]
