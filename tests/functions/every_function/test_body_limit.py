"""No function reads more of a body than the limit, in whatever way the body arrives."""

from collections.abc import Callable
from io import RawIOBase
from pathlib import Path
from typing import Any

import functions_framework
import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from infra.table import MAIN, Route, Row
from shared.web import MAX_BODY_BYTES
from tests.functions.api import KEY
from tests.support.routes import ROUTES, filled

pytestmark = pytest.mark.slow


class Endless(RawIOBase):
    """A body without an end, which counts how much is read of it."""

    def __init__(self) -> None:
        self.count = 0

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            self.count += 10**12  # all there is
            return b""
        self.count += size
        return b" " * size

    def readinto(self, buffer: Any) -> int:
        buffer[:] = self.read(len(buffer))
        return len(buffer)


@pytest.fixture(autouse=True)
def _environment(environ: Callable[..., None], tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:1"
    environ(TARGET_URL=nobody, BACKEND_URL=nobody, API_AUTH="all", SPOOL_DIR=str(tmp_path))


@pytest.mark.parametrize(("row", "route"), ROUTES, ids=lambda each: each.name)
@pytest.mark.parametrize("length", [None, str(10**12)], ids=["chunked", "announced"])
def test_no_function_alone_reads_more_than_the_limit(row: Row, route: Route, length: str | None) -> None:
    app = functions_framework.create_app(row.name, str(MAIN))  # type: ignore[no-untyped-call]
    for path in (filled(route.path), "/robots.txt", "/favicon.ico"):
        body = Endless()
        environ = EnvironBuilder(path, method=route.method, headers=[("X-API-Key", KEY)]).get_environ()
        environ |= {"wsgi.input": body, "wsgi.input_terminated": True}
        if length is not None:
            environ["CONTENT_LENGTH"] = length
        _, status, _ = run_wsgi_app(app, environ, buffered=True)
        assert body.count <= MAX_BODY_BYTES + 1, path
        if path == route.path and (length or row.name == "ingest_event"):
            assert status.startswith("413"), path
