"""The documents against the code: what is not named there, or differs between the two languages, fails here."""

import re
import subprocess
import sys
import tomllib

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr

from infra.table import rows
from shared import ROOT, __version__
from shared.channels import VARIABLES
from shared.notifiers import kinds
from shared.settings import Settings
from shared.settings.durations import seconds_of

READMES = ["README.md", "README.ko.md"]
SETTINGS = {str(field.alias) for field in Settings.model_fields.values()}
CHANNEL_SETTINGS = set(VARIABLES)


NAMED = SETTINGS | CHANNEL_SETTINGS
TOPS = ("functions", "shared", "infra", "tests")
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(file for top in TOPS for file in (ROOT / top).rglob("*.md")))
)
# The folders that have a README, the repository itself among them.
FOLDERS = [name.removesuffix("README.md") for name in DOCUMENTS if name.endswith("README.md")]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def everything(readme: str) -> str:
    """The README and every manual in its language."""
    return "\n".join(text(folder + readme) for folder in FOLDERS)


def settings_table(readme: str) -> dict[str, str]:
    """The rows of both tables of settings, all functions' and the channels': name → default."""
    tables = text(readme) + text(f"shared/notifiers/{readme}")
    return dict(re.findall(r"(?m)^\| `([A-Z_]+)` \| ([^|]*) \|", tables))


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_has_at_most_300_lines(readme: str) -> None:
    assert len(text(readme).splitlines()) <= 300


def test_every_manual_is_there_in_both_languages() -> None:
    assert len(FOLDERS) > 1
    assert [name.removesuffix("README.ko.md") for name in DOCUMENTS if name.endswith("README.ko.md")] == FOLDERS
    for folder in FOLDERS:
        assert "](README.ko.md)" in text(f"{folder}README.md").partition("\n## ")[0]
        assert "](README.md)" in text(f"{folder}README.ko.md").partition("\n## ")[0]


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_leads_to_every_manual_and_each_back(readme: str) -> None:
    for folder in FOLDERS:
        if folder:
            assert f"]({folder}{readme})" in text(readme)
            up = "../" * folder.count("/")
            assert f"]({up}{readme})" in text(folder + readme)


@pytest.mark.parametrize("readme", READMES)
def test_every_setting_is_in_a_table_and_nothing_else(readme: str) -> None:
    assert set(settings_table(readme)) == NAMED


@pytest.mark.parametrize("readme", READMES)
def test_the_defaults_in_the_tables_are_true(readme: str) -> None:
    table = settings_table(readme)
    for field in Settings.model_fields.values():
        stated = table[str(field.alias)].strip()
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        if str(field.alias).startswith("RETENTION_"):
            assert seconds_of(stated, 1e9) == default
        elif str(field.alias).startswith("FLAPPING_"):
            assert stated == f"{default:.0%}"
        elif isinstance(default, int | float | str) and not isinstance(default, bool):
            assert stated == (f"{default:g}" if isinstance(default, float) else str(default))


@pytest.mark.parametrize("readme", READMES)
def test_every_function_is_named_with_its_call(readme: str) -> None:
    calls = re.findall(r"(?m)^\| `(\w+)` \| (`\w+ /.*?) \|", text(f"functions/{readme}"))
    named = {name: set(re.findall(r"`(\w+ /[^`?\[]*)", cell)) for name, cell in calls}
    assert named == {row.name: {f"{route.method} {route.path}" for route in row.routes} for row in rows()}


def named_tests(document: str) -> list[tuple[str, str]]:
    return re.findall(r"\[`(test_\w+)`\]\((tests/[\w/]+\.py)\)", text(document))


@pytest.mark.parametrize("document", [*READMES, "SECURITY.md"])
def test_the_tests_that_a_document_names_exist(document: str) -> None:
    named = named_tests(document)
    assert named
    assert len(named) == text(document).count("`test_"), "each is a link"
    for test, file in named:
        assert f"def {test}(" in text(file), f"{test} is not in {file}"


def test_both_languages_name_the_same_tests() -> None:
    assert named_tests("README.ko.md") == named_tests("README.md")


def test_each_defence_names_a_test() -> None:
    defended = text("SECURITY.md").partition("## What is defended\n")[2].partition("\n## ")[0]
    _, *defences = re.split(r"(?m)^- ", defended)
    assert defences
    for defence in defences:
        assert re.search(r"Held by\s+\[`test_", defence), defence


def test_the_sentences_with_tests_are_those_of_the_promise() -> None:
    promise = text("README.md").partition("## What it promises")[2].partition("<details>")[0]
    promise = re.sub(r"\n(?:> |  )?", " ", promise)
    sentences = re.findall(r"(?m)^\| (.*?) \| \[`test_", text("README.md"))
    assert sentences
    for part in (part for sentence in sentences for part in sentence.split("…")):
        assert part.strip(" ,") in promise


@pytest.mark.parametrize("readme", READMES)
def test_every_kind_of_channel_is_named(readme: str) -> None:
    for kind in kinds():
        assert f"`{kind}`" in text(f"shared/notifiers/{readme}")


def drawn(readme: str) -> set[str]:
    """The paths of everything on the README's map; a folder's ends with a slash."""
    found = re.search(r"```text\n(main\.py.*?)```", text(readme), re.DOTALL)
    assert found
    paths, above = set(), [""]
    for spaces, name in re.findall(r"(?m)^( *)(\S+)", found[1]):
        del above[len(spaces) // 2 + 1 :]
        paths.add(above[-1] + name)
        above.append(above[-1] + name)
    return paths


def house() -> set[str]:
    """The rooms that a reader finds: the folders, two deep, and the modules of ``shared`` and ``infra``."""
    entries = {entry for top in TOPS for depth in ("*", "*/*") for entry in (ROOT / top).glob(depth)}
    # A folder without a file is what a branch left behind.
    folders = {entry for entry in entries if entry.name != "__pycache__" and any(entry.glob("*.*"))}
    paths = {f"{folder.relative_to(ROOT).as_posix()}/" for folder in folders} | {f"{top}/" for top in TOPS}
    modules = {entry for top in ("shared", "infra") for entry in (ROOT / top).glob("[!_]*.*") if entry.suffix != ".md"}
    paths |= {module.relative_to(ROOT).as_posix() for module in modules}
    # The tests mirror the house, and the notifiers are a list that grows.
    return {path for path in paths if not re.match(r"(tests/\w+|shared/notifiers)/\w", path)} | {"main.py"}


@pytest.mark.parametrize("readme", READMES)
def test_the_map_shows_the_house_and_nothing_else(readme: str) -> None:
    assert drawn(readme) == house()


@pytest.mark.parametrize("readme", READMES)
def test_every_make_target_is_named(readme: str) -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", text("Makefile"))) - {"requirements", "clean"}
    for target in targets:
        assert re.search(rf"make {target}\b", everything(readme)), target


@pytest.mark.slow
@pytest.mark.parametrize("readme", READMES)
def test_every_command_is_named(readme: str) -> None:
    ask = [sys.executable, "-m", "infra", "--help"]
    usage = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    commands = re.search(r"\{([\w,-]+)\}", usage)
    assert commands
    for command in commands[1].split(","):
        assert re.search(rf"python -m infra {command}\b", everything(readme)), command


def anchors(name: str) -> set[str]:
    """The anchor of a heading of the document, as GitHub makes it."""
    headings = re.findall(r"(?m)^#+ (.*)$", re.sub(r"(?s)```.*?```", "", text(name)))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", text(document)):
        path, _, anchor = link.partition("#")
        to = ((ROOT / document).parent / path).resolve() if path else ROOT / document
        assert link.startswith("https://") or to.exists(), link
        if anchor and not link.startswith("https://"):
            assert anchor in anchors(to.relative_to(ROOT).as_posix()), link


@pytest.mark.parametrize("folder", FOLDERS)
def test_korean_documents_lead_to_korean_ones(folder: str) -> None:
    links = re.findall(r"\]\(([^)#]*README[^)#]*)", text(f"{folder}README.ko.md"))
    assert [link for link in links if not link.endswith(".ko.md")] == ["README.md"], "its twin alone"


@pytest.mark.slow
def test_what_the_code_says_of_a_document_is_there() -> None:
    files = [file for top in ("functions", "shared", "infra") for file in (ROOT / top).rglob("*.py")]
    said = "\n".join(file.read_text(encoding="utf-8") for file in files)
    for document, heading in re.findall(r"\b([\w/]*README\.md)(?:, ([A-Z][\w ]+))?", said):
        assert (ROOT / document).exists(), document
        assert not heading or f"\n## {heading}\n" in text(document), f"{document}, {heading}"


@pytest.mark.parametrize("readme", READMES)
def test_how_to_report_a_vulnerability_is_named(readme: str) -> None:
    assert "](SECURITY.md)" in text(readme)
    assert "Report a vulnerability" in text("SECURITY.md")
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", text("SECURITY.md")))
    assert named <= NAMED


@pytest.mark.parametrize("folder", FOLDERS)
def test_both_languages_have_the_same_parts(folder: str) -> None:
    english, korean = (text(folder + readme) for readme in READMES)

    def commands(readme: str) -> list[str]:
        # A remark follows #, and may be in another language.
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
    assert known.target_urls
    defaults = Settings.from_env({"TARGET_URL": " ".join(known.target_urls), "LOG_DIR": "logs"})
    assert known == defaults, "the example says what holds without it"


def test_the_sqlite_commands_name_columns_that_exist() -> None:
    schema = text("shared/store/migrations/0001_first_tables.sql")
    commands = re.findall(r'sqlite3 notifications\.db "([^"]+)"', text("shared/store/README.md"))
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
    """The pins of a file of requirements: each line that names a package, with the hashes that it allows."""
    whole = re.sub(r"\\\n\s*", "", text(file))
    found = [line.split("--hash=") for line in whole.splitlines() if re.match(r"\w", line)]
    return {pin.strip(): [each.strip() for each in hashes] for pin, *hashes in found}


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_pins_have_their_hashes_and_name_no_registry(file: str) -> None:
    assert pins(file)
    for pin, hashes in pins(file).items():
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ;.*)?", pin)
        assert hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes)
    assert not re.search(r"://|--(extra-)?index|--find-links", text(file))


def test_production_has_what_it_asks_for_and_no_test_tool() -> None:
    names = {pin.partition("==")[0] for pin in pins("requirements.txt")}
    asked = [line for line in text("requirements.in").splitlines() if re.match(r"\w", line)]
    assert {re.split(r"[\[<]", line)[0] for line in asked} <= names
    assert not names & {"moto", "pytest", "boto3", "pip-audit"}
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items(), "the tests try other versions"
    tools = [line for line in text("requirements-dev.in").splitlines() if re.match(r"\w", line)]
    assert {re.sub(r"\[.*\]", "", tool) for tool in tools} <= pins("requirements-dev.txt").keys()


def test_the_project_needs_the_python_that_the_documents_name() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    assert project["requires-python"] == ">=3.11"
    assert "Python 3.11" in text("README.md")


@pytest.mark.parametrize("name", [*DOCUMENTS, "pyproject.toml", "Makefile"])
def test_the_documents_name_no_registrys_host(name: str) -> None:
    assert not re.search(r"pypi\.org|files\.pythonhosted", text(name))
