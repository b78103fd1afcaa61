"""A real browser, Chromium, driven over a pipe: tests that need it are skipped where it is not installed."""

import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe", "--disable-component-update"),
)
_PATIENCE_SECONDS = 20
# Each line there is a mistake of ours: an exception, a violation of the policy, a file that is missing.
_TROUBLES = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Audits.issueAdded")


# "Fast 4G" of Chromium's developer tools.
FAST_4G: dict[str, Any] = {
    "offline": False,
    "latency": 165,
    "downloadThroughput": 9_000_000 * 0.9 / 8,
    "uploadThroughput": 1_500_000 * 0.9 / 8,
}


class Browser:
    """One page in a browser. ``troubles``: what it complained of since it opened the last address."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._buffer, self._number = b"", 0
        self._session: str | None = None
        self._tab: str | None = None
        self._events: deque[dict[str, Any]] = deque(maxlen=1_000)
        self.troubles: list[dict[str, Any]] = []

    def open(
        self,
        url: str,
        *,
        width: int = 1280,
        scheme: str = "light",
        has_script: bool = True,
        network: dict[str, Any] | None = None,
        cpu_slower: int = 1,
        is_same_tab: bool = False,
    ) -> None:
        """Open an address in a new tab, as wide and as bright as it is asked for.

        ``network``: such as FAST_4G, with an empty cache. ``cpu_slower``: how many times. ``is_same_tab``: whether the
        page takes the place of the last one. A new tab is a new process, which costs more than most pages.
        """
        if self._session is None or not is_same_tab:
            self._new_tab()
        self.resize(width)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setScriptExecutionDisabled", value=not has_script)
        if network is not None:
            self.call("Network.enable")
            self.call("Network.clearBrowserCache")
            self.call("Network.emulateNetworkConditions", **network)
        if cpu_slower > 1:
            self.call("Emulation.setCPUThrottlingRate", rate=cpu_slower)
        self.troubles.clear()
        self._events.clear()
        loader = self.call("Page.navigate", url=url)["loaderId"]
        # The empty tab's own load may be said as late as now.
        self._until("Page.lifecycleEvent", name="load", loaderId=loader)

    def resize(self, width: int) -> None:
        """Make the page so wide."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)

    def _new_tab(self) -> None:
        self._session = None
        if self._tab is not None:
            # Otherwise its page would go on asking the server until the browser ends.
            self.call("Target.closeTarget", targetId=self._tab)
        self._tab = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=self._tab, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Audits"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression without effects, in the next page if this one is just being left."""
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while _is_left(answer := self._evaluated(script)):
            assert time.monotonic() < give_up_at, "the browser leaves one page after the other"
        return _value(answer)

    def act(self, script: str) -> None:
        """Run a JavaScript expression once, for its effects. One that leaves the page is done."""
        answer = self._evaluated(script)
        if not _is_left(answer):
            _value(answer)

    def _evaluated(self, script: str) -> dict[str, Any]:
        return self._answer("Runtime.evaluate", {"expression": script, "returnByValue": True, "awaitPromise": True})

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        codes = {"Tab": 9, "Enter": 13, "ArrowRight": 39, " ": 32}
        text = {"Enter": {"text": "\r"}, " ": {"text": " "}}.get(key, {})
        named = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        self.call("Input.dispatchKeyEvent", type="keyDown", **named, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    def pass_time(self, seconds: float) -> None:
        """Let the page's own time pass at once."""
        policy = "pauseIfNetworkFetchesPending"
        self._events.clear()
        self.call("Emulation.setVirtualTimePolicy", policy=policy, budget=seconds * 1_000)
        self._until("Emulation.virtualTimeBudgetExpired")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the DevTools protocol; its result."""
        answer = self._answer(method, parameters)
        assert "error" not in answer, (method, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def _answer(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (found := self._next()).get("id") != self._number:
            self._events.append(found)
        return found

    def _until(self, event: str, **parameters: str) -> None:
        """Wait for an event that has at least these parameters."""
        while True:
            found = self._events.popleft() if self._events else self._next()
            if found.get("method") == event and parameters.items() <= found["params"].items():
                return

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            assert select.select([self._read], [], [], _PATIENCE_SECONDS)[0], "the browser does not respond"
            received = os.read(self._read, 65_536)
            assert received, "the browser has ended"
            self._buffer += received
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if message.get("method") in _TROUBLES:
            self.troubles.append(message)
        return message


def _value(answer: dict[str, Any]) -> Any:
    assert "error" not in answer, answer["error"]
    found = answer["result"]
    assert "exceptionDetails" not in found, found
    return found["result"].get("value")


def _is_left(answer: dict[str, Any]) -> bool:
    return "navigated or closed" in answer.get("error", {}).get("message", "")


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a fresh profile, which ends with the test."""
    assert CHROMIUM is not None
    to_browser, from_us = os.pipe()
    from_browser, to_us = os.pipe()

    def connect() -> None:
        # Chromium reads commands from 3 and writes to 4. Moved up first, so that neither is overwritten.
        commands, answers = os.dup(to_browser), os.dup(to_us)
        high = max(commands, answers, 10)
        os.dup2(commands, high + 1)
        os.dup2(answers, high + 2)
        os.dup2(high + 1, 3)
        os.dup2(high + 2, 4)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [CHROMIUM, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=connect,  # one thread starts it
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(to_us)
        try:
            yield Browser(from_us, from_browser)
        finally:
            os.close(from_us)
            os.close(from_browser)
            process.terminate()
            process.wait(10)
