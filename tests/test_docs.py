"""The documents against the code: what is not named there, or differs between the two languages, fails here."""

import re
import tomllib
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr

from infra.table import rows
from shared import ROOT, __version__, notifiers
from shared.settings import Settings

READMES = ["README.md", "README.ko.md"]
SETTINGS = {str(field.alias) for field in Settings.model_fields.values()}
CHANNEL_SETTINGS = {
    name
    for channel in notifiers.channel_names()
    for name in re.findall(r"(?m)^([A-Z_]+):", notifiers._module(channel).__doc__ or "")
}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def settings_table(readme: str) -> dict[str, str]:
    """The rows of the table of settings: name → default."""
    return dict(re.findall(r"(?m)^\| `([A-Z_]+)` \| ([^|]*) \|", text(readme)))


@pytest.mark.parametrize("readme", READMES)
def test_every_setting_is_in_the_table_and_nothing_else(readme: str) -> None:
    assert set(settings_table(readme)) == SETTINGS | CHANNEL_SETTINGS


@pytest.mark.parametrize("readme", READMES)
def test_the_defaults_in_the_table_are_true(readme: str) -> None:
    table = settings_table(readme)
    for field in Settings.model_fields.values():
        stated = table[str(field.alias)].strip()
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        if isinstance(default, int | float | str) and not isinstance(default, bool):
            assert stated == (f"{default:g}" if isinstance(default, float) else str(default))


@pytest.mark.parametrize("readme", READMES)
def test_every_function_is_told_with_its_call(readme: str) -> None:
    told = dict(re.findall(r"(?m)^\| `(\w+)` \| `(\w+ /[^`?]*)", text(readme)))
    assert told == {row.name: f"{row.method} {row.path}" for row in rows()}


def named_tests(readme: str) -> list[tuple[str, str]]:
    return re.findall(r"\[`(test_\w+)`\]\((tests/[\w/]+\.py)\)", text(readme))


def test_each_sentence_of_the_contract_names_tests_that_there_are() -> None:
    named = named_tests("README.md")
    assert named
    assert named_tests("README.ko.md") == named
    for test, file in named:
        assert f"def {test}(" in text(file), f"{test} is not in {file}"


@pytest.mark.parametrize("readme", READMES)
def test_every_channel_is_named(readme: str) -> None:
    for channel in notifiers.channel_names():
        assert f"`{channel}`" in text(readme)


@pytest.mark.parametrize("readme", READMES)
def test_every_folder_and_module_of_the_house_is_on_the_map(readme: str) -> None:
    house = [path for path in (ROOT / "shared").iterdir() if path.stem not in ("__init__", "__pycache__")]
    house += [path for path in (ROOT / "functions").iterdir() if path.is_dir() and path.name != "__pycache__"]
    # What reads the table is told of with the table.
    untold = ("__init__", "__main__", "__pycache__", "table")
    house += [path for path in (ROOT / "infra").iterdir() if path.stem not in untold]
    house += [ROOT / "main.py", ROOT / "tests"]
    drawn = re.search(r"```text\nmain\.py.*?```", text(readme), re.DOTALL)
    assert drawn is not None
    for path in house:
        name = f"{path.name}/" if path.is_dir() else path.name
        assert re.search(rf"(?m)^\s*{re.escape(name)}\s", drawn[0]), name


@pytest.mark.parametrize("readme", READMES)
def test_every_make_target_is_named(readme: str) -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", text("Makefile"))) - {"requirements", "clean"}
    for target in targets:
        assert re.search(rf"make {target}\b", text(readme)), target


@pytest.mark.parametrize("readme", [*READMES, "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_lead_somewhere(readme: str) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", text(readme)):
        assert link.startswith("https://") or (ROOT / link.partition("#")[0]).exists(), link


@pytest.mark.parametrize("readme", READMES)
def test_how_to_report_a_vulnerability_is_named(readme: str) -> None:
    assert "](SECURITY.md)" in text(readme)
    assert "Report a vulnerability" in text("SECURITY.md")
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", text("SECURITY.md")))
    assert named <= SETTINGS | CHANNEL_SETTINGS


def test_both_languages_have_the_same_parts() -> None:
    english, korean = text(READMES[0]), text(READMES[1])

    def commands(readme: str) -> list[str]:
        # What follows a # is a remark, and may be in another language.
        blocks = re.findall(r"(?ms)^\s*```bash\n(.*?)```", readme)
        return [re.sub(r"\s+#.*", "", line).strip() for block in blocks for line in block.splitlines()]

    assert commands(english) == commands(korean)
    for pattern in (r"(?m)^#+ ", r"(?m)^\|", r"(?m)^\s*```", r"(?m)^(?:- |\d\. )"):
        assert len(re.findall(pattern, english)) == len(re.findall(pattern, korean)), pattern


def test_the_example_carries_every_setting_and_no_secret() -> None:
    example = dotenv_values(ROOT / ".env.example", interpolate=False)
    assert set(example) == SETTINGS | CHANNEL_SETTINGS
    assert not any(value for name, value in example.items() if re.search("KEY|TOKEN|SECRET|CHAT", name))
    known = Settings.from_env({name: value or "" for name, value in example.items()})
    assert known.targets
    defaults = Settings.from_env({"TARGET_URL": " ".join(known.targets), "LOG_DIR": "logs"})
    assert known == defaults, "the example says what holds without it"


def test_the_sqlite_commands_name_columns_that_exist() -> None:
    schema = text("shared/store/migrations/0001_first_tables.sql")
    commands = re.findall(r'sqlite3 notifications\.db "([^"]+)"', text("README.md"))
    assert len(commands) == 3
    for command in commands:
        table = re.search(r"FROM (\w+)", command)
        column = re.search(r"(?:BY|WHERE) (\w+)", command)
        assert table is not None
        assert column is not None
        definition = re.search(rf"CREATE TABLE {table[1]} \((.*?)\);", schema, re.DOTALL)
        assert definition is not None
        assert re.search(rf"(?m)^\s+{column[1]} ", definition[1])


def test_the_changelog_has_this_version() -> None:
    assert f"## {__version__}" in text("CHANGELOG.md")


def pins(file: str) -> dict[str, list[str]]:
    """What a file of requirements pins: each line that names a package, with the hashes that it allows."""
    whole = re.sub(r"\\\n\s*", "", text(file))
    found = [line.split("--hash=") for line in whole.splitlines() if re.match(r"\w", line)]
    return {pin.strip(): [each.strip() for each in hashes] for pin, *hashes in found}


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_what_is_installed_is_pinned_with_its_hashes_and_names_no_registry(file: str) -> None:
    assert pins(file)
    for pin, hashes in pins(file).items():
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ;.*)?", pin)
        assert hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes)
    assert not re.search(r"://|--(extra-)?index|--find-links", text(file))


def test_production_has_what_it_asks_for_and_no_tool_of_the_tests() -> None:
    names = {pin.partition("==")[0] for pin in pins("requirements.txt")}
    asked = [line for line in text("requirements.in").splitlines() if re.match(r"\w", line)]
    assert {line.partition("[")[0] for line in asked} <= names
    assert not names & {"moto", "pytest", "boto3", "pip-audit"}
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items(), "the tests try other versions"
    tools = [line for line in text("requirements-dev.in").splitlines() if re.match(r"\w", line)]
    assert {re.sub(r"\[.*\]", "", tool) for tool in tools} <= pins("requirements-dev.txt").keys()


def test_the_project_needs_the_python_that_the_documents_name() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    assert project["requires-python"] == ">=3.11"
    assert "Python 3.11" in text("README.md")


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), ROOT / "Makefile"], ids=lambda p: p.name)
def test_the_documents_name_no_registrys_host(path: Path) -> None:
    assert not re.search(r"pypi\.org|files\.pythonhosted", path.read_text(encoding="utf-8"))
