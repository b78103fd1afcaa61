"""YAML as the file may hold it: the values of YAML 1.2 with their lines, and what is refused."""

import time
from pathlib import Path

import pytest

from infra.configuration.file import FileUnreadable, read
from infra.configuration.reading.nodes import data_of
from infra.configuration.reading.yaml_text import MAX_DEPTH, MAX_VALUES, NotYaml, parse
from tests.infra.configuration.conftest import Mistakes, Read

API = "monitors: [{name: API, url: 'http://a.example'}]\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("02:30", "02:30"),
        ("2025-01-08", "2025-01-08"),
        ("1_000", "1_000"),
        ("=", "="),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("-7", -7),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ("5" * 5_000, "5" * 5_000),
        ("'true'", "true"),
        ("!!str 12", "12"),
        ("!!float 12", 12),
        ("! 12", "12"),
    ],
)
def test_a_value_is_what_yaml_1_2_says(text: str, value: object) -> None:
    root, mistakes = parse(f"key: {text}\n")
    assert root is not None
    assert data_of(root) == {"key": value}
    assert type(data_of(root)["key"]) is type(value)
    assert mistakes == []


def test_a_monitor_may_be_called_no_or_404(reading: Read) -> None:
    known = reading("monitors:\n- {name: no, url: 'http://a.example'}\n- {name: 0404, url: 'http://a.example'}\n")
    assert [policy.name for policy in known.monitors] == ["no", "0404"]


@pytest.mark.parametrize("text", ["", "# only a remark\n", "---\n", "~", "monitors:\n# - name: API\n"])
def test_an_empty_file_is_an_empty_configuration(reading: Read, text: str) -> None:
    known = reading(text)
    assert known.body() == {"monitors": [], "escalations": {}, "windows": [], "drills": [], "summaries": []}
    assert known.channels == {}


def test_a_byte_order_mark_is_no_part_of_the_text(reading: Read) -> None:
    assert reading(b"\xef\xbb\xbf" + API.encode()).monitors[0].name == "API"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (API.encode("utf-16"), "1: the file looks like UTF-16: expected text in UTF-8"),
        (API.encode("utf-16-le"), "1: the file looks like UTF-16: expected text in UTF-8"),
        (b"monitors:\n- name: Caf\xe9\n", "2: the line is not in UTF-8: expected text in UTF-8"),
    ],
)
def test_another_encoding_is_named(mistakes: Mistakes, data: bytes, line: str) -> None:
    assert mistakes(data) == [line]


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"/nope\.yaml: there is no such file$") as raised:
        read(tmp_path / "nope.yaml", {})
    assert raised.value.is_missing
    with pytest.raises(FileUnreadable, match=r"is no file: expected one in YAML$") as raised:
        read(tmp_path, {})
    assert not raised.value.is_missing


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1\n", "1: not YAML: while parsing a flow sequence, did not find expected ',' or ']'"),
        ("a: [1\nb: 2\n", "2: not YAML: while parsing a flow sequence that begins on line 1, did not find expected"),
        ("a: b: c\n", "1: not YAML: mapping values are not allowed in this context"),
        ("monitors:\n\t- a\n", "2: a tab: expected blanks"),
        ("# 봉화\nmonitors:\n  - name: é\n  \turl: b\n", "4: a tab: expected blanks"),
        ("a: \x01\n", "1: not YAML: control characters are not allowed"),
        ("a: 1\n--- \nb: 2\n", "2: a second document begins here: expected one in the file"),
        ("- a\n", "1: the file holds a list: expected a mapping with defaults, channels, groups, escalations, "),
        ("text", "1: the file holds 'text': expected a mapping with "),
    ],
)
def test_what_is_no_yaml_says_where(mistakes: Mistakes, text: str, line: str) -> None:
    [found] = mistakes(text)
    assert found.startswith(line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x-a: {b: 1,\n  b: 2}\n", "2: duplicate key 'b': expected it once; it is on line 1 too"),
        ("x-a: *nope\n", "1: alias *nope: expected an anchor above it"),
        ("x-a: &a [*a]\n", "1: alias *a: expected an anchor whose value ends before it"),
        ("x-a: {<<: 5}\n", "1: << has no mapping: expected an alias of one, or a list of such"),
        (
            "x-a: &a {}\nx-c: {<<: *a, <<: *a}\n",
            "2: duplicate key '<<': expected one with a list, such as [*a, *b]",
        ),
        ("? [a]\n: 1\n", "1: a mapping or a list as a key: expected text"),
        ("x-a: !secret b\n", "1: tag 'secret' does not fit: expected a value without it"),
        ("x-a: !!int b\n", "1: tag 'int' does not fit: expected a value without it"),
        ("x-a: !!python/object:os.system b\n", "1: tag 'python…' does not fit: expected a value without it"),
    ],
)
def test_the_rest_of_the_file_is_read_nevertheless(mistakes: Mistakes, text: str, line: str) -> None:
    assert mistakes(f"{text}monitor: []\n")[0] == line
    assert len(mistakes(f"{text}monitor: []\n")) == 2


def test_anchors_and_merge_keys_work(reading: Read) -> None:
    known = reading("""\
x-web: &web {interval: 5m, tags: [web]}
_slow: &slow {interval: 1h, timeout: 1m}
monitors:
  - {<<: *web, name: One, url: "http://a.example", tags: [own]}
  - {name: Two, url: "http://a.example", <<: [*slow, *web]}
""")
    one, two = known.monitors
    assert (one.interval, one.tags) == (300, ("own",))
    assert (two.interval, two.timeout, two.tags) == (3600, 60, ("web",))


def test_a_mistake_in_an_anchor_is_shown_where_it_stands(mistakes: Mistakes) -> None:
    text = "x-web: &web\n  interval: never\nmonitors:\n  - {<<: *web, name: One, url: 'http://a.example'}\n"
    assert mistakes(text) == [
        "2: monitors[0] 'One': interval is 'never': expected a duration such as 30s or 5m",
    ]


def billion_laughs(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def merge_bomb(keys: int) -> str:
    many = "".join(f"  k{number}: 1\n" for number in range(keys))
    return f"x-a: &a\n{many}x-b:\n" + "  - {<<: *a}\n" * keys


@pytest.mark.slow
@pytest.mark.parametrize("bomb", [billion_laughs(9), billion_laughs(60), merge_bomb(1_500)])
def test_an_alias_bomb_is_refused_at_once(bomb: str) -> None:
    started = time.process_time()
    with pytest.raises(NotYaml, match=f"aliases stand for: expected at most ({MAX_VALUES}|{MAX_DEPTH})"):
        parse(bomb)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("deep", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000, "a: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5_000)
)])  # fmt: skip
def test_deep_nesting_is_refused_at_once(deep: str) -> None:
    started = time.process_time()
    with pytest.raises(NotYaml, match=f"nested too deeply.*at most {MAX_DEPTH} levels"):
        parse(deep)
    assert time.process_time() - started < 2
