"""How far a deployment is, in lines for the person who waits for it."""

import time
from collections.abc import Callable, Sequence


class Progress:
    """The stages by how long each usually takes, in seconds; 0 for one that takes a moment."""

    # A stage that takes longer says so each time.
    PAUSE_SECONDS = 30.0

    def __init__(self, usual_seconds: Sequence[int], clock: Callable[[], float] = time.monotonic) -> None:
        self._usual = usual_seconds
        self._clock = clock
        self._began_at = self._said_at = clock()

    def begins(self, number: int, title: str) -> str:
        """The line for the stage that begins: "3 of 9 · secrets … usually 20 s, all the rest 12 min"."""
        self._began_at = self._said_at = self._clock()
        own, rest = self._usual[number - 1], sum(self._usual[number - 1 :])
        words = [f"usually {in_words(own)}"] if own else []
        words += [f"about {in_words(rest)} left"] if rest > own else []
        return f"{number} of {len(self._usual)} · {title} … {', '.join(words)}".rstrip()

    def is_silent(self) -> bool:
        """Whether nothing was said of the stage for so long that it is time for ``goes_on``."""
        return self._clock() - self._said_at >= self.PAUSE_SECONDS

    def goes_on(self, done: int, of: int) -> str:
        """The line for the stage that goes on."""
        self._said_at = self._clock()
        passed = in_words(round(self._said_at - self._began_at))
        return f"  {f'{done} of {of} done, ' if of > 1 else ''}{passed} so far"


def in_words(seconds: int) -> str:
    """A time as a person says it: seconds up to two minutes, and then whole minutes."""
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"
