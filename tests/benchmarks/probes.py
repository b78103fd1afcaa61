"""The CPU of a check beside Debian's prometheus-blackbox-exporter, in the same run: an absolute figure says little.

Probing alone: a new connection for each check, 32 under way, on loopback. Then the whole way, from the claim to the
stored event, at 60 checks a second, beside what the exporter takes for the probe alone: as quickly as it can, and at
the same pace, where each wake finds the caches cold. Its time also goes into its metrics and its own HTTP; ours into
the events. Only Linux tells it.
"""

import contextlib
import http.client
import os
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from functions.check_monitors.probes.checks import check_all
from shared.monitors.policy import Policy
from shared.settings import Settings
from tests.benchmarks import cpu
from tests.benchmarks.instruments import far
from tests.benchmarks.instruments.watched import MONITORS, watched
from tests.benchmarks.instruments.yardstick import middle_half, table, verdict
from tests.support.running import free_port, wait_until
from tests.support.servers.certificates import A_DAY, TODAY, Authority

ROUNDS = 5
PROGRAM = "prometheus-blackbox-exporter"
UNDER_WAY = 32
BATCHES = {"http": 60, "https": 15}
BARS = {"http": 0.25, "https": 0.70}
BAR_OF_THE_WHOLE = 0.55
_CONFIGURATION = """\
modules:
  probe:
    prober: http
    timeout: 5s
    http: {preferred_ip_protocol: ip4, tls_config: {ca_file: "%s"}}
"""


def run(folder: Path, rounds: int) -> str:
    """The table."""
    if not Path("/proc/self/stat").exists():
        return "not measured: only Linux tells what a process has used"
    if not shutil.which(PROGRAM):
        return f"not measured: {PROGRAM} is not installed"
    lines, theirs = _probing_alone(folder, rounds)
    with watched(_new(folder / "watched")) as world:
        used = [cpu._window(world.system) for _ in range(rounds)]  # what the other benchmark measures
    whole = [milliseconds / events for milliseconds, events in used]
    lines.append(_line("claim to stored event", whole, theirs["http"], BAR_OF_THE_WHOLE))
    lines.append(_line("… beside its probe at that pace", whole, theirs["paced"], BAR_OF_THE_WHOLE))
    head = ["CPU ms a check", "ours", "its middle half", "the exporter's", "ratio", "bar", ""]
    return f"{table(head, lines)}\nmedians of {rounds} rounds, taken in turn; the exporter has one CPU (GOMAXPROCS=1)"


def _probing_alone(folder: Path, rounds: int) -> tuple[list[list[str]], dict[str, list[float]]]:
    """The lines of both schemes, and the exporter's figures."""
    authority = Authority(folder)
    # As most certificates are: one that expires soon is looked at more closely.
    authority.context(TODAY - A_DAY, TODAY + 89 * A_DAY)
    certificates = {"http": "", "https": str(folder / "server.pem")}
    lines, theirs = [], {}
    with _exporter(folder, authority.file) as exporter:
        for scheme, certificate in certificates.items():
            with far.site(certificate, 0.0) as site:
                url = f"{scheme}://localhost:{site.port}/"
                _ours_ms(url, authority.file, 1)
                exporter.milliseconds(url, 1)
                both = [
                    (_ours_ms(url, authority.file, BATCHES[scheme]), exporter.milliseconds(url, BATCHES[scheme]))
                    for _ in range(rounds)
                ]
                if scheme == "http":
                    theirs["paced"] = [exporter.paced_milliseconds(url) for _ in range(rounds)]
            theirs[scheme] = [their for _, their in both]
            lines.append(_line(f"{scheme}, probing alone", [our for our, _ in both], theirs[scheme], BARS[scheme]))
    return lines, theirs


def _line(name: str, ours: list[float], theirs: list[float], bar: float) -> list[str]:
    our, their = statistics.median(ours), statistics.median(theirs)
    ratio = our / their
    return [name, f"{our:.3f}", middle_half(ours, 3), f"{their:.3f}", f"{ratio:.2f}", *verdict(ratio, bar)]


def _ours_ms(url: str, trusted: str, batches: int) -> float:
    """The milliseconds of this process for each check."""
    settings = Settings.from_env({})
    own: dict[str, object] = {"ca_certificate": trusted} if url.startswith("https") else {}
    # As the exporter is told: otherwise each of our checks would first try ::1, where nothing listens.
    own["ip_version"] = 4
    policies = [(0.0, Policy.model_validate({"name": f"{n}", "url": url, **own})) for n in range(UNDER_WAY)]
    began = time.process_time()
    for _ in range(batches):
        failed = [event.error_message for event in check_all(policies, settings) if not event.is_success]
        assert not failed, failed[0]
    return (time.process_time() - began) * 1000 / (batches * UNDER_WAY)


class _Exporter:
    def __init__(self, process: int, port: int) -> None:
        self._process, self._port = process, port

    def milliseconds(self, url: str, batches: int) -> float:
        """The milliseconds of its process for each check."""
        before = cpu.cpu_ms([self._process])
        failed: list[str] = []
        threads = [threading.Thread(target=self._ask, args=(url, batches, failed)) for _ in range(UNDER_WAY)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed, failed[0]
        return (cpu.cpu_ms([self._process]) - before) / (batches * UNDER_WAY)

    def paced_milliseconds(self, url: str) -> float:
        """The same at as many checks a second as the watched system has, for as long."""
        failed: list[str] = []
        before, began = cpu.cpu_ms([self._process]), time.monotonic()
        count = round(MONITORS * cpu.WINDOW_SECONDS)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)) as connection:
            for place in range(count):
                time.sleep(max(0.0, began + place / MONITORS - time.monotonic()))
                self._probe(connection, url, failed)
        assert not failed, failed[0]
        return (cpu.cpu_ms([self._process]) - before) / count

    def _ask(self, url: str, times: int, failed: list[str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        for _ in range(times):
            self._probe(connection, url, failed)
        connection.close()

    def _probe(self, connection: http.client.HTTPConnection, url: str, failed: list[str]) -> None:
        connection.request("GET", f"/probe?module=probe&target={quote(url, safe='')}")
        said = connection.getresponse().read().decode()
        if "\nprobe_success 1" not in said:
            failed.append(said)


@contextlib.contextmanager
def _exporter(folder: Path, trusted: str) -> Iterator[_Exporter]:
    file, port = folder / "blackbox.yml", free_port()
    file.write_text(_CONFIGURATION % trusted)
    command = [PROGRAM, f"--config.file={file}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    environ = {**os.environ, "GOMAXPROCS": "1"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: _responds(port))
            yield _Exporter(process.pid, port)
        finally:
            process.kill()


def _responds(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/-/healthy")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder
