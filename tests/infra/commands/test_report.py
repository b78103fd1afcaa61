"""``python -m infra report``: a month of monitors as text, Markdown, CSV and JSON, read over HTTP."""

import csv
import io
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.infra.command_line import infra
from tests.support.running import API_KEY, copy_project, environment
from tests.support.stand_ins import Exchange, StandIn

pytestmark = pytest.mark.system

Reporting = Callable[..., "subprocess.CompletedProcess[str]"]
UP = {"uptime": 1.0, "downtime_seconds": 0.0, "outages": 0, "checks": 86400, "failures": 0}
SHORT = {"uptime": 0.998612, "downtime_seconds": 3597.5, "outages": 2, "checks": 86400, "failures": 120}
NEVER = {"uptime": None, "downtime_seconds": 0.0, "outages": 0, "checks": 0, "failures": 0}
TOTAL = {"uptime": 0.99930, "downtime_seconds": 3597.5, "outages": 2, "checks": 172800, "failures": 120}


class Answering(StandIn):
    """Answers as the system does that has three monitors, a page of two after another."""

    MONITORS = (("shop", "Web", SHORT), ("=cmd|a", "Web", UP), ("새벽 백업", None, NEVER))

    RECORDED: Mapping[int, str] = {1: "2024-02-10T03:30:00.000Z", 3: "2024-12-03T01:00:00.000Z"}

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.keys: set[str | None] = set()
        self.status = 200

    def answer(self, exchange: Exchange) -> None:
        self.asked.append(exchange.path)
        self.keys.add(exchange.headers["X-API-Key"])
        url = urlsplit(exchange.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        body: Any = self._history(url.path, query) if url.path.endswith("history") else self._page(query)
        if self.status != 200:
            body = {"status": self.status, "detail": "the database is busy"}
        exchange.answer(self.status, json.dumps(body), "application/json")

    def _history(self, path: str, query: dict[str, str]) -> Any:
        span = {"from": query["from"], "to": query["to"]}
        if path == "/history":
            return {"history": [{"group": query.get("group"), **span, **TOTAL}]}
        number = int(path.split("/")[2])
        return {
            "recorded_since": self.RECORDED.get(number),
            "history": [{**span, **self.MONITORS[number - 1][2]}],
        }

    def _page(self, query: dict[str, str]) -> Any:
        wanted = [
            {"id": number, "name": name, "policy": {"name": name, "group": group} if group else None}
            for number, (name, group, _) in enumerate(self.MONITORS, start=1)
            if query.get("group") in (None, group)
        ]
        after = int(query.get("cursor", 0))
        page = [each for each in wanted if int(str(each["id"])) > after][:2]
        return {"monitors": page, "next": str(page[-1]["id"]) if len(page) == 2 else None}


@pytest.fixture
def system() -> Iterator[Answering]:
    with Answering() as answering:
        yield answering


@pytest.fixture
def report(tmp_path: Path, system: Answering) -> Reporting:
    def run(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        environ = environment(tmp_path, **{"BACKEND_URL": system.url, "TZ": "Asia/Seoul", **variables})
        return infra("report", *words, environ=environ)

    return run


def test_a_month_is_a_table(report: Reporting, system: Answering) -> None:
    done = report("--month", "2024-11")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "Availability, 2024-11\n"
        "2024-11-01 00:00 KST – 2024-12-01 00:00 KST\n"
        "\n"
        "Monitor    Group  Availability  Downtime  Outages   Checks  Failures\n"
        "=cmd|a     Web       100.000 %   0:00:00        0   86,400         0\n"
        "shop       Web        99.861 %   0:59:58        2   86,400       120\n"
        "새벽 백업                    –         –        –        0         0\n"
        "All                   99.930 %   0:59:58        2  172,800       120\n"
        "\n"
        "Checks and failures are counted by UTC days.\n"
        "Recorded only since 2024-12-03 10:00 KST: 새벽 백업\n"
    )
    # The month begins as TZ says.
    assert "/monitors/1/history?from=2024-10-31T15%3A00%3A00.000Z&to=2024-11-30T15%3A00%3A00.000Z&step=whole" in (
        system.asked
    )
    assert system.keys == {API_KEY}


def test_a_month_begins_as_tz_in_dotenv_says(tmp_path: Path, system: Answering) -> None:
    project = copy_project(tmp_path / "project")
    (project / ".env").write_text("TZ=Asia/Seoul\n")
    environ = environment(tmp_path, BACKEND_URL=system.url, TZ=None)
    found = json.loads(infra("report", "--month", "2024-02", "--json", environ=environ, project=project).stdout)
    assert found["from"] == "2024-02-01T00:00:00+09:00"


def test_a_month_in_korean_says_the_same(report: Reporting) -> None:
    lines = report("--month", "2024-11", "--group", "Web", MESSAGE_LANGUAGE="ko").stdout.splitlines()
    assert lines[0] == "Web 2024년 11월 가동률"
    assert lines[3].split() == ["모니터", "가동률", "다운타임", "장애", "확인", "실패"]
    assert [line.split()[0] for line in lines[4:7]] == ["=cmd|a", "shop", "전체"]


def test_a_month_is_markdown(report: Reporting) -> None:
    lines = report("--month", "2024-11", "--format", "markdown").stdout.splitlines()
    assert lines[0] == "# Availability, 2024-11"
    assert lines[4:7] == [
        "| Monitor | Group | Availability | Downtime | Outages | Checks | Failures |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
        r"| =cmd\|a | Web | 100.000 % | 0:00:00 | 0 | 86,400 | 0 |",
    ]


def test_a_month_says_since_when_a_monitor_is_recorded(report: Reporting) -> None:
    korean = report("--month", "2024-02", MESSAGE_LANGUAGE="ko").stdout
    assert korean.splitlines()[-4:] == [
        *("", "확인과 실패는 UTC 기준의 하루 단위로 셉니다."),
        *("2024-02-10 12:30 KST부터 기록됨: shop", "2024-12-03 10:00 KST부터 기록됨: 새벽 백업"),
    ]
    markdown = report("--month", "2024-02", "--format", "markdown").stdout
    assert markdown.split("\n\n")[-3:] == [
        "Checks and failures are counted by UTC days.",
        "Recorded only since 2024-02-10 12:30 KST: shop",
        "Recorded only since 2024-12-03 10:00 KST: 새벽 백업\n",
    ]


@pytest.mark.parametrize(
    ("month", "zone", "is_by_days"),
    [
        *(("2024-02", "Asia/Seoul", True), ("2024-02", "UTC", False), ("2024-02", "Europe/London", False)),
        # It ends in summer time.
        ("2024-03", "Europe/London", True),
        # Its hours are still kept, or come yet.
        *((None, "Asia/Seoul", False), ("9998-01", "Asia/Seoul", False)),
    ],
)
def test_a_month_whose_hours_are_gone_says_how_it_counts(
    report: Reporting, month: str | None, zone: str, is_by_days: bool
) -> None:
    words = ["--month", month] if month else []
    assert json.loads(report(*words, "--json", TZ=zone).stdout)["is_counted_by_utc_days"] is is_by_days
    assert ("counted by UTC days" in report(*words, TZ=zone).stdout) is is_by_days


def test_a_spreadsheet_runs_no_name(report: Reporting) -> None:
    rows = list(csv.DictReader(io.StringIO(report("--month", "2024-11", "--format", "csv").stdout)))
    assert [row["name"] for row in rows] == ["'=cmd|a", "shop", "새벽 백업"]
    assert rows[1] == {"month": "2024-11", "name": "shop", "group": "Web", "is_over": "true"} | {
        name: str(value) for name, value in (SHORT | {"recorded_since": "2024-02-10T03:30:00.000Z"}).items()
    }


def test_a_program_gets_json(report: Reporting) -> None:
    found = json.loads(report("--month", "2024-02", "--json").stdout)
    assert found["is_over"] is True
    assert (found["month"], found["from"], found["to"]) == (
        *("2024-02", "2024-02-01T00:00:00+09:00", "2024-03-01T00:00:00+09:00"),
    )
    assert found["monitors"][1] == {
        "name": "shop",
        "group": "Web",
        **SHORT,
        "recorded_since": "2024-02-10T03:30:00.000Z",
    }
    assert found["total"] == TOTAL


def test_a_month_that_goes_on_says_so(report: Reporting) -> None:
    assert "The month is not over." in report("--month", "9998-01").stdout
    assert "The month is not over." not in report().stdout
    assert json.loads(report("--month", "9998-01", "--json").stdout)["is_over"] is False


def test_an_unknown_group_is_named(report: Reporting) -> None:
    done = report("--month", "2024-11", "--group", "Wep")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "bonghwa: there is no group 'Wep'\n")


def test_an_empty_group_is_no_group(report: Reporting) -> None:
    done = report("--month", "2024-11", "--group", "")
    assert done.returncode == 2
    assert "argument --group: it is empty: expected the name of a group" in done.stderr


@pytest.mark.parametrize("month", ["2024-13", "2024-1", "November", "0000-01"])
def test_what_is_no_month_is_named(report: Reporting, month: str) -> None:
    done = report("--month", month)
    assert done.returncode == 2
    assert f"'{month}' is no month: expected one such as 2026-11" in done.stderr


def test_a_system_that_does_not_answer_is_said(report: Reporting, system: Answering) -> None:
    done = report("--url", "http://127.0.0.1:1")
    assert (done.returncode, done.stderr) == (
        1,
        "bonghwa: http://127.0.0.1:1 cannot be reached (ConnectionError): expected the system to run there\n",
    )
    system.status = 503
    assert report().stderr == f"bonghwa: {system.url} could not answer: 503 the database is busy\n"
    system.status = 401
    assert report().stderr.startswith(f"bonghwa: {system.url} refused: 401 ")
    system.status = 200
    system.MONITORS = ()  # type: ignore[assignment]
    assert report().returncode == 0
