"""Comments and docstrings: no sentence begins with a word that CONTRIBUTING.md rules out."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import ROOT
from tests.test_architecture import modules, name_of
from tests.test_walls import files_of_tests

RULE = re.compile(r"No sentence\nstarts with ([^.]+)\.", re.MULTILINE)
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@pytest.fixture(scope="module")
def unwanted() -> re.Pattern[str]:
    rule = RULE.search((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert rule is not None
    return re.compile(rf"(?:^|[.?!] )((?:{'|'.join(re.findall('[A-Z][a-z]+', rule[1]))})\b.{{,60}})")


def texts(source: str) -> Iterator[str]:
    """The docstrings of a module, and its comments: those that fill neighbouring lines are one text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)):
            yield " ".join(text.split())
    block: list[str] = []
    last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            is_beside_code = bool(token.line[: token.start[1]].strip())
            if token.start[0] != last + 1 or is_beside_code:
                yield " ".join(block)
                block = []
            block.append(token.string.rpartition("# ")[2] if is_beside_code else token.string.lstrip("# "))
            last = 0 if is_beside_code else token.start[0]
    yield " ".join(block)


@pytest.mark.slow
def test_sentences_begin_with_their_subject(unwanted: re.Pattern[str]) -> None:
    def found(path: Path) -> list[str]:
        return [match[1] for text in texts(path.read_text("utf-8")) for match in unwanted.finditer(text)]

    sentences = {name_of(path): found(path) for path in [*modules(), *files_of_tests()]}
    assert {name: begins for name, begins in sentences.items() if begins} == {}


def test_a_comment_of_several_lines_is_one_text(unwanted: re.Pattern[str]) -> None:
    beside_code = "x = 1  # noqa: E1  # it is\n# What it is\n"
    source = f"# The store keeps it. Not\n# all of it.\n\n{beside_code}def f():\n    'Fine. So what?'\n"
    begun = [match[1] for text in texts(source) for match in unwanted.finditer(text)]
    assert begun == ["So what?", "Not all of it.", "What it is"]
