"""Unreadable text is refused with its line, and harmful text at once."""

import pytest

from infra.configuration.imports.result import SourceUnreadable
from infra.configuration.imports.typescript.expressions import Code
from infra.configuration.imports.typescript.module import MAX_BYTES, read
from infra.configuration.imports.typescript.tokens import MAX_DEPTH


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("const a = 'never\n'", "it.ts:1: this ' is not closed"),
        ("const a = 1\n/* never", "it.ts:2: this /* is not closed"),
        ("const a = `\n${1", "it.ts:1: this ${ is not closed"),
        ("const a = {\n  b: [1,\n", "it.ts:2: this [ is not closed"),
        ("const a = [\n}", "it.ts:2: this } closes nothing"),
        ("const a = 1\n)", "it.ts:2: this ) closes nothing"),
        ("const a = {\n  b: 's3cret'\n  c: 2 }", "it.ts:3: expected a comma or the end of the line, found c"),
        ("const a = {\n  b: 1 's3cret' }", "it.ts:2: expected a comma or the end of the line, found a text"),
        ("const a = {\n  b: 1,\n  {\n  c: 2 } }", "it.ts:3: expected a key, found {"),
        ("const a = {\n  b 1 }", "it.ts:2: expected a colon, found a number"),
        ("const a = {\n  b: }", "it.ts:2: expected a value, found }"),
        ("const a = {\n  b: 1,, c: 2 }", "it.ts:2: expected a key, found ,"),
        ("const a = [\n..., 2]", "it.ts:2: expected a value, found ,"),
        ("const a = 0B2", "it.ts:1: expected a comma or the end of the line, found B2"),
        ("const a = [0x_]", "it.ts:1: expected a comma or the end of the line, found x_"),
        ("const a =", "it.ts:1: expected a value, found the end"),
        ("const a = { b: /[/ }", "it.ts:1: this / is not closed"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(SourceUnreadable) as refused:
        read(text, "it.ts")
    assert str(refused.value) == reason


def test_a_large_file_is_refused() -> None:
    with pytest.raises(SourceUnreadable, match=r"it.ts is larger than 1 MB"):
        read(" " * (MAX_BYTES + 1), "it.ts")


@pytest.mark.parametrize("bracket", ["[", "(", "{a:", "`${"])
def test_what_is_nested_too_deeply_is_refused(bracket: str) -> None:
    with pytest.raises(SourceUnreadable, match=r"it.ts:1: it is nested too deeply"):
        read("const a = " + bracket * (MAX_DEPTH + 1), "it.ts")


def test_constants_may_not_nest_what_brackets_may_not() -> None:
    lines = [f"const a{number + 1} = [a{number}]" for number in range(MAX_DEPTH + 1)]
    with pytest.raises(SourceUnreadable, match="nested too deeply"):
        read("\n".join(["const a0 = []", *lines]), "it.ts")


@pytest.mark.parametrize("twice", ["[a{0}, a{0}]", "[...a{0}, ...a{0}]", "{{ b: a{0}, ...{{ c: a{0} }} }}"])
def test_a_few_lines_may_not_stand_for_more_than_fits(twice: str) -> None:
    lines = [f"const a{number + 1} = {twice.format(number)}" for number in range(50)]
    with pytest.raises(SourceUnreadable, match="it stands for more than 4,000,000 values"):
        read("\n".join(["const a0 = [1]", *lines]), "it.ts")


@pytest.mark.slow
def test_holes_may_not_stand_for_more_than_fits() -> None:
    lines = [f"const a{number + 1} = [...a{number}, ...a{number}]" for number in range(16)]
    with pytest.raises(SourceUnreadable, match="it stands for more than 4,000,000 values"):
        read("\n".join([f"const a0 = [{',' * 100_000}]", *lines]), "it.ts")


def test_a_text_may_not_grow_without_end() -> None:
    lines = [f"const a{number + 1} = a{number} + `${{a{number}}}`" for number in range(50)]
    with pytest.raises(SourceUnreadable, match="it stands for more than 4,000,000 values"):
        read("\n".join(["const a0 = 'ab'", *lines]), "it.ts")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("-", "expected a value, found the end"),
        ("/*", "this /* is not closed"),
        ("/[", "this / is not closed"),
        ("`${", "it is nested too deeply"),
        ("'a'+", "expected a value, found the end"),
        ("1*", "expected a value, found the end"),
        ("x??", "expected a value, found the end"),
        ("9", "expected a comma or the end of the line, found a number"),
        ("'\\", "this ' is not closed"),
    ],
)
def test_hostile_text_is_refused_at_once(part: str, reason: str) -> None:
    """A reader that looks at what follows again and again would need minutes for each of these."""
    with pytest.raises(SourceUnreadable) as refused:
        read("const a = " + part * (MAX_BYTES // 4 // len(part)), "it.ts")
    assert str(refused.value) == f"it.ts:1: {reason}"


@pytest.mark.slow
@pytest.mark.parametrize("part", ["a.", "a<", "a as ", "const ", "\n", "\\", "x => ", "f() /"])
def test_long_code_is_read_at_once(part: str) -> None:
    assert read("const a = b " + part * (MAX_BYTES // 4 // len(part)), "it.ts").constants == {"a": Code(1)}
