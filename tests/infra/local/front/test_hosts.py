"""The running system refuses what is called by somebody else's name, as a page in a browser here could do."""

from pathlib import Path

import pytest

from tests.support.running import LocalSystem
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system


@pytest.mark.parametrize("separate", ["", "1"], ids=["one process", "SEPARATE=1"])
def test_a_foreign_host_gets_nothing(project: Path, tmp_path: Path, target: Target, separate: str) -> None:
    settings = {"TARGET_URL": target.url, "PUBLIC_URL": "https://bonghwa.example.com", "SEPARATE": separate}
    with LocalSystem(project, tmp_path, **settings) as system:
        for host in ("evil.example", f"evil.example:{system.port}", "192.0.2.1"):
            for path in ("/", "/alerts", "/openapi.json", "/nothing"):
                answer = system.get(path, headers={"Host": host})
                assert answer.status_code == 421, (host, path)
                assert answer.headers["Content-Type"] == "application/problem+json"
                assert "Host" in answer.json()["detail"]
        for host in ("bonghwa.example.com", f"localhost:{system.port}", "[::1]"):
            assert system.get("/alerts", headers={"Host": host}).status_code == 200
        # The system calls itself by a name of its own.
        system.wait_for_further_events(1, is_success=True)
