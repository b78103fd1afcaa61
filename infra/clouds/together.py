"""Several questions at once, within a time that is bounded."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

Key = TypeVar("Key")
Answer = TypeVar("Answer")


def together(questions: Mapping[Key, Callable[[], Answer]], seconds: float) -> dict[Key, Answer]:
    """The answers that came within so many seconds. The first exception of a question is raised.

    The threads are daemons: a lookup that hangs must not keep the program from its end, as a pool's would.
    """
    answers: dict[Key, Answer] = {}
    failures: list[BaseException] = []

    def ask(key: Key, question: Callable[[], Answer]) -> None:
        try:
            answers[key] = question()
        except BaseException as failure:  # noqa: BLE001  # it is raised below
            failures.append(failure)

    threads = [threading.Thread(target=ask, args=item, daemon=True) for item in questions.items()]
    for thread in threads:
        thread.start()
    ends_at = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, ends_at - time.monotonic()))
    if failures:
        raise failures[0]
    return dict(answers)
