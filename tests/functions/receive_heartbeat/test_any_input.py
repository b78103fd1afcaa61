"""The answer to any request says whether it was taken, and nothing breaks."""

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.receive_heartbeat import main
from functions.receive_heartbeat.guesses import Guesses
from tests.functions.receive_heartbeat.conftest import TOKEN, Job

pytestmark = pytest.mark.slow

TEXT = st.text(max_size=40) | st.sampled_from(["", "start", "fail", "0", "1", "255", "256", "true", "false", "down"])
VALUE = TEXT | st.sampled_from(["10s", "1h1m", "9" * 60 + "s", "1e400", "-1", "nan", "0x1", "١s", "+0", ".5ms", "5."])
NAMES = st.sampled_from(["status", "msg", "ping", "success", "error", "duration", "x"])


@given(
    token=st.just(TOKEN) | TEXT,
    what=TEXT,
    query=st.lists(st.tuples(NAMES, VALUE), max_size=5),
    body=st.binary(max_size=200),
    header=TEXT | st.just(f"Bearer {TOKEN}"),
    shape=st.integers(0, 3),
)
@settings(max_examples=150)
def test_any_request_is_answered(
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
    token: str,
    what: str,
    query: list[tuple[str, str]],
    body: bytes,
    header: str,
    shape: int,
) -> None:
    monkeypatch.setattr(main, "_GUESSES", Guesses())
    token, what = quote(token, safe="", errors="replace"), quote(what, safe="", errors="replace")
    paths = [
        f"/heartbeats/{token}",
        f"/heartbeats/{token}/{what}",
        f"/api/push/{token}",
        f"/api/v1/endpoints/{what or '_nightly-backup'}/external",
    ]
    path = f"{paths[shape]}?{urlencode(query, errors='replace')}"
    printable = "".join(c for c in header if c.isprintable() and ord(c) < 256)
    before = len(job.events)
    status, answer = job.ping(path, "POST", data=body, headers={"Authorization": printable})
    assert status in (200, 400, 404), answer
    if status == 200:
        assert answer == {"ok": True}
        assert len(job.events) == before + (what != "start" or shape != 1)
    else:
        assert answer["ok"] is False if "ok" in answer else answer["detail"]
        assert len(job.events) == before
