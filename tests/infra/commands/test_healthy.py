"""``python -m infra healthy``: its exit code says whether an outage that happened now would be notified."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.command_line import infra
from tests.support.running import API_KEY, environment
from tests.support.stand_ins import Exchange, StandIn

pytestmark = pytest.mark.slow

WELL = {"status": "ok", "reasons": [], "database": "ok"}
REASONS = ["the agent 'seoul' is silent", "the disk is nearly full"]
DEGRADED = {"status": "degraded", "reasons": REASONS, "database": "ok"}
TROUBLE = {"status": "unavailable", "reasons": ["no delivery runs"], "database": "ok"}


class Backend(StandIn):
    """``GET /``."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.said = 200, json.dumps(WELL)
        self.keys: list[Any] = []

    def answer(self, exchange: Exchange) -> None:
        self.keys.append(exchange.headers.get("X-API-Key"))
        exchange.answer(self.status, self.said)


@pytest.fixture
def backend() -> Iterator[Backend]:
    with Backend() as listening:
        yield listening


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (200, json.dumps(WELL), 0, "ok"),
        (200, json.dumps(DEGRADED), 0, "degraded; the agent 'seoul' is silent; the disk is nearly full"),
        (503, json.dumps(TROUBLE), 1, " is unavailable; no delivery runs"),
        (503, json.dumps({**TROUBLE, "database": "it is locked"}), 1, "could not answer: it is locked"),
        (503, "{}", 1, "could not answer: 503"),
        (200, json.dumps({**DEGRADED, "reasons": ["\x1b[2J"]}), 0, "degraded; ?[2J"),
        (401, json.dumps({"title": "Unauthorized", "detail": "the X-API-Key header is wrong"}), 1, "401"),
        (200, "<html>", 1, "something else"),
        (302, "", 1, "302"),
    ],
)
def test_the_exit_code_says_whether_people_would_be_notified(
    backend: Backend, project: Path, tmp_path: Path, status: int, body: str, code: int, words: str
) -> None:
    backend.status, backend.said = status, body
    done = infra("healthy", project=project, environ=environment(tmp_path, BACKEND_URL=backend.url))
    said = done.stderr if code else done.stdout
    assert (done.returncode, words in said, said.count("\n")) == (code, True, 1), said
    assert backend.keys == [API_KEY]


def test_a_system_that_is_not_there_is_not_healthy(project: Path, tmp_path: Path) -> None:
    done = infra("healthy", "--url", "http://127.0.0.1:1", project=project, environ=environment(tmp_path))
    assert (done.returncode, "cannot be reached" in done.stderr) == (1, True)
