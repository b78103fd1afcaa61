"""TypeScript's literals are read as JavaScript would; nothing else is."""

import json
import random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.configuration.imports.result import SourceUnreadable
from infra.configuration.imports.typescript.expressions import Code
from infra.configuration.imports.typescript.module import read

# Texts that any store can hold. JavaScript has no other whole numbers.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def value_of(written: str) -> Any:
    return read(f"const it = {written}", "it.ts").constants["it"]


def refusal(text: str) -> str:
    """The reason if a file is refused; "none" if it is read."""
    try:
        read(text, "it.ts")
    except SourceUnreadable as refused:
        return str(refused)
    return "none"


@pytest.mark.slow
@given(DOCUMENTS)
def test_any_json_is_read_as_what_it_is(document: Any) -> None:
    assert value_of(json.dumps(document)) == document
    assert value_of(json.dumps(document, ensure_ascii=False, indent=2)) == document


class Writer:
    """Writes a document as people write TypeScript, with everything left to chance."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def gap(self) -> str:
        return self.chance.choice(["", " ", "\n", "\r\n\t", " // it's { \" ` here\n", " /* ' ` } \n * / */ "])

    def text(self, text: str) -> str:
        sign = self.chance.choice("'\"`")
        written = json.dumps(text, ensure_ascii=self.chance.random() < 0.5)[1:-1].replace('\\"', '"')
        written = written.replace(sign, f"\\{sign}")
        return sign + (written.replace("${", "\\${") if sign == "`" else written) + sign

    def key(self, key: str) -> str:
        return key if key.isascii() and key.isidentifier() and self.chance.random() < 0.5 else self.quoted(key)

    def quoted(self, key: str) -> str:
        written = self.text(key)
        return f"[{written}]" if written[0] == "`" else written

    def value(self, value: Any) -> str:
        inside: list[str] = []
        if isinstance(value, dict):
            inside = [f"{self.key(key)}{self.gap()}:{self.gap()}{self.value(part)}" for key, part in value.items()]
        elif isinstance(value, list):
            inside = [self.value(part) for part in value]
        else:
            scalar = self.text(value) if isinstance(value, str) else json.dumps(value)
            return f"({scalar})" if self.chance.random() < 0.2 else scalar
        between = ",".join(f"{self.gap()}{part}{self.gap()}" for part in inside)
        last = self.chance.choice(["", ","]) if inside else ""
        first, end = "{}" if isinstance(value, dict) else "[]"
        kind = self.chance.choice(["", " as const", " satisfies Array<Map<string, X>>"])
        return f"{first}{between}{last}{self.gap()}{end}{kind}"


@pytest.mark.slow
@given(DOCUMENTS, st.integers())
def test_quotes_comments_and_commas_change_nothing(document: Any, seed: int) -> None:
    written = Writer(random.Random(seed)).value(document)
    text = f"/* first */ export const it: A<B, {{ [key: string]: C[] }}> = {written}\nexport {{ it }}\n"
    assert read(text, "it.ts").constants == {"it": document}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("'it\\'s \\x41\\u{1F600}\\ud83d\\ude00\\\n!'", "it's A😀😀!"),
        ("`a${1}b${'c' + `d${true}`}`", "a1bcdtrue"),
        ("'a' + 'b' + 1.5", "ab1.5"),
        ("10 * 1_000 + 1", 10001),
        ("-0x1F", -31),
        ("0B1_01 + 0o17 + 0XaF", 195),
        ("1e4", 10000),
        ("undefined ?? 'other'", "other"),
        ("'' || 'other'", "other"),
        ("<Type>{}", Code(1)),
        ("[1, 2].concat(3)", Code(1)),
        ("[1]\n  .map((one) => one)", Code(1)),
        ("yes ? 'a' : 'b'", Code(1)),
        ("new Date('2025-01-01')", Code(1)),
        ("'a' - 1", Code(1)),
        ("{ f(a) { return '}' }, async g() {}, get h() { return 1 } }", {"f": Code(1), "g": Code(1), "h": Code(1)}),
        ("{ f: async ({ a = 1 }, b: any): Promise<void> => {}, b: 1 }", {"f": Code(1), "b": 1}),
        ("{ f: (text) => text.replace(/[`'\"/}]/g, '') , b: 4 / 2 }", {"f": Code(1), "b": Code(1)}),
        ("[1,, 2, , [,],]", [1, None, 2, None, [None]]),
        ("[\n...other,\n...[1, 2]]", [Code(2), 1, 2]),
        ("{\n...other(), ...{ a: 1 }, [1 + f()]: 2 }", {"...": 2, "a": 1}),
    ],
)
def test_an_expression_comes_to(written: str, value: Any) -> None:
    assert value_of(written) == value


def test_constants_stand_for_their_values() -> None:
    text = """
        import { other } from './other'
        const base = { method: 'GET', headers: { a: 1 } }, host = 'example.org'
        let it = { ...base, url: `https://${host}/`, host, first: base.headers.a, later: late, no: base.none.at.all }
        const late = 1
    """
    assert read(text, "it.ts").constants["it"] == {
        "method": "GET",
        "headers": {"a": 1},
        "url": "https://example.org/",
        "host": "example.org",
        "first": 1,
        "later": Code(4),
        "no": Code(4),
    }


def test_statements_need_no_semicolon() -> None:
    text = """
        type A = { const: string }
        const f = (a: string) => {
          return a.replace(/`/g, '')
        }
        async function g(env: any) { const it = `${env ? `it's` : ''}`; return it }
        const a = 'b'
        const c = [a] as const
        export default { a, c }
    """
    found = read(text, "it.ts")
    assert found.constants == {"f": Code(3), "a": "b", "c": ["b"]}
    assert found.default == {"a": "b", "c": ["b"]}
    assert found.running == []


def test_statements_that_may_change_a_constant_are_named() -> None:
    text = "const a = []\na.push(1)\nfor (const b of c) {\n  a.push(b)\n}\n"
    assert read(text, "it.ts").running == [2, 3]


@pytest.mark.slow
@settings(max_examples=300)
@given(st.text(st.sampled_from("abcx=:;,.+-*/<>?!'\"`${}[]()\n\\ 01_") | st.characters(), max_size=60))
@example("0B2")
def test_any_text_is_read_or_refused(text: str) -> None:
    assert refusal(f"const it = {text}").startswith(("it.ts:", "none"))
