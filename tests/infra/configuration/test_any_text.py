"""Any file is read or refused with lines, and never ends the program."""

import json
import string
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.configuration.file import FileErrors, read
from infra.configuration.outline import SECTIONS
from shared import ROOT
from shared.monitors.policy import Policy

pytestmark = pytest.mark.slow

EXAMPLE = (ROOT / "bonghwa.example.yaml").read_text(encoding="utf-8")
KEYS = st.sampled_from([*Policy.model_fields, *SECTIONS, "kind", "at", "weekly", "duration", "all", "after", "x-a"])
WORDS = ["5m", "API", "Web", "http://a.example", "slack", "silence", "02:30", "[STATUS] == 200", "${X}"]
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10), st.sampled_from(WORDS))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=5)
)
FILES = st.fixed_dictionaries({}, optional={section: VALUES | st.lists(VALUES, max_size=4) for section in SECTIONS})
SIGNS = " \n\t\r:-?[]{},&*!|>'\"%@`#=<$~.é\u0000\u0085\u2028"
YAML = st.text(alphabet=string.ascii_letters + string.digits + SIGNS, max_size=200)


def read_or_refused(data: bytes) -> None:
    wrong = None
    with TemporaryDirectory() as folder:
        file = Path(folder, "bonghwa.yaml")
        file.write_bytes(data)
        try:
            json.dumps(read(file, {}).body())
        except FileErrors as raised:
            wrong = raised
    if wrong is not None:
        lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
        assert wrong.mistakes
        assert all(1 <= mistake.line <= lines for mistake in wrong.mistakes)
        assert all(line.isprintable() for line in str(wrong).split("\n"))


@given(YAML)
@example("a: &a\n  <<: *a")
@example("monitors:\n  - &m {name: a, <<: *m}")
@example("? &a [x]\n: *a")
@example("monitors: [*x, *y]\nwindows: *z\nchannels: {a: *b}\ngroups: {Web: *c}")
@example("\u2028a: 1\u2028b: [\n")
@settings(max_examples=300)
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refused(text.encode())


@given(st.binary(max_size=100))
@settings(max_examples=100)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read_or_refused(data)


@given(FILES)
@settings(max_examples=100)
def test_any_values_in_any_place_are_read_or_refused(values: dict[str, Any]) -> None:
    read_or_refused(json.dumps(values).encode())


@given(st.integers(0, len(EXAMPLE)), st.integers(0, 30), st.sampled_from(["", " ", "*nope", "- ", ": ", "5", "'"]))
@settings(max_examples=60)
def test_any_slip_in_the_example_is_read_or_refused(start: int, length: int, instead: str) -> None:
    read_or_refused((EXAMPLE[:start] + instead + EXAMPLE[start + length :]).encode())
