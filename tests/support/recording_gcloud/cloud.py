"""The project on Google Cloud: what exists, and how each call of gcloud is answered."""

import contextlib
import json
import random
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from tests.support.recording_gcloud import answers, grants
from tests.support.recording_gcloud.call import REGIONAL, Call, Refused
from tests.support.recording_gcloud.flags import refuse_unknown
from tests.support.recording_gcloud.program import on_the_path

HOME = "asia-northeast3"


class Cloud:
    """The project. ``state`` is everything that exists: by kind, each thing's name and what was said of it.

    Things of another region than ``home`` are of a kind of their own, such as "services of us-central1".

    ``late``: how often Google does not know of something new yet, when it is first used. ``forbids``: constraints of
    the organization, and ``builds`` for a project that may build in few regions.
    """

    def __init__(self, folder: Path, *, late: int = 0, forbids: Sequence[str] = (), home: str = HOME) -> None:
        self.folder = folder
        self.home, self._region = home, ""
        self.calls: list[Call] = []
        self.state: dict[str, Any] = {"apis": [], "grants": []}
        self.fresh = grants.Fresh(late)
        self.forbids = set(forbids)
        # The next calls whose arguments contain the first text fail with the second, as often as the number says.
        self.breaks_at: tuple[str, str, int] = ("", "", 0)
        # From time to time a call that changes something fails, before it did so or after it.
        self.chance, self.random = 0.0, random.Random(0)
        # Deleted queues, whose names are blocked.
        self.gone: dict[str, set[str]] = {"queues": set()}
        self._lock = threading.Lock()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        # Found anew for each call, so that a test can put itself in between.
        self._stack.enter_context(on_the_path(self.folder, lambda stdin, arguments: self.answer(stdin, arguments)))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def in_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Answer the deployment's commands within this process: a call costs next to nothing."""

        def run(_: object, words: Sequence[str], __: Path, stdin: str, ___: object = None) -> tuple[int, str, str]:
            answer = self.answer(stdin, list(words[1:]))
            return (0, answer[1:], "") if answer.startswith(" ") else (1, "", answer[1:])

        monkeypatch.setattr("infra.clouds.children.Children.run", run)
        monkeypatch.setattr("infra.clouds.cli.shutil.which", lambda program: program)

    def answer(self, stdin: str, arguments: list[str]) -> str:
        """The output of a call after a space, or its error after an exclamation mark."""
        files = {}
        for each in arguments:
            flag, _, value = each.partition("=") if each.startswith("--") else ("argument", "", each)
            if value.endswith(".json"):
                files[flag] = json.loads(Path(value).read_text())
        call = Call(arguments, files, stdin)
        with self._lock:
            self.calls.append(call)
            try:
                refuse_unknown(call)
                self._break(call)
                is_hit = bool(self.chance) and not call.is_read and self.random.random() < self.chance
                if is_hit and self.random.random() < 0.5:
                    raise Refused("the connection was lost, and nothing was done")
                self._region = call.region
                answer = answers.answer(call, self)
                if is_hit:
                    raise Refused("the connection was lost, after it was done")
                return f" {answer}"
            except Refused as refusal:
                return f"!ERROR: (gcloud) {refusal}"
            finally:
                self._region = ""

    def _break(self, call: Call) -> None:
        where, words, times = self.breaks_at
        if times and where in " ".join(call.arguments):
            self.breaks_at = (where, words, times - 1)
            raise Refused(words)

    @property
    def region(self) -> str:
        """The region of the call that is answered."""
        return self._region or self.home

    def things(self, kind: str) -> dict[str, Any]:
        """The things of a kind."""
        is_elsewhere = kind in REGIONAL and self.region != self.home
        found: dict[str, Any] = self.state.setdefault(f"{kind} of {self.region}" if is_elsewhere else kind, {})
        return found

    def everywhere(self, kind: str) -> dict[str, list[str]]:
        """The names of all things of a kind that is of one region, by their region."""
        others = {key.partition(" of ")[2]: list(it) for key, it in self.state.items() if key.startswith(f"{kind} of ")}
        return {self.home: list(self.state.get(kind, {})), **others}

    def known(self, kind: str, name: str) -> Any:
        """A thing that exists. Raises Refused."""
        if name not in self.things(kind):
            raise Refused(f"NOT_FOUND: {kind} {name} was not found")
        return self.things(kind)[name]
