"""How long things took, in few bytes: buckets whose widths grow with what they hold, so that two can be merged.

A percentile is off by at most 2.5 %.
"""

import base64
import math
from collections import Counter
from collections.abc import Iterable, Iterator

_GROWTH = 1.05
_LOG = math.log(_GROWTH)
# What takes no measurable time. The logarithm of 0 has no bucket.
_LEAST_MS = 0.01
_FIRST = round(math.log(_LEAST_MS) / _LOG)


class Histogram:
    """How many durations, in milliseconds, each bucket holds."""

    def __init__(self, counts: Counter[int] | None = None) -> None:
        self._counts: Counter[int] = Counter() if counts is None else counts

    def add(self, milliseconds: float) -> None:
        """Count one duration."""
        self._counts[round(math.log(max(milliseconds, _LEAST_MS)) / _LOG)] += 1

    def merge(self, other: "Histogram") -> None:
        """Count all that another one holds."""
        self._counts.update(other._counts)

    def count(self) -> int:
        """How many durations there are."""
        return self._counts.total()

    def percentile(self, share: float) -> float | None:
        """The duration that a ``share`` of all (0 to 1) does not exceed, in milliseconds; None if there is none."""
        wanted, seen = max(1, math.ceil(share * self.count())), 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= wanted:
                return math.exp(bucket * _LOG)
        return None

    def encoded(self) -> str:
        """As text, which ``decoded`` reads."""
        numbers: list[int] = []
        before = _FIRST
        for bucket in sorted(self._counts):
            numbers += [bucket - before, self._counts[bucket]]
            before = bucket
        return base64.b85encode(bytes(_bytes_of(numbers))).decode()

    @classmethod
    def decoded(cls, text: str) -> "Histogram":
        """The histogram that ``text`` holds."""
        numbers = list(_numbers_in(base64.b85decode(text)))
        counts: Counter[int] = Counter()
        bucket = _FIRST
        for distance, count in zip(numbers[::2], numbers[1::2], strict=True):
            bucket += distance
            counts[bucket] = count
        return cls(counts)


def _bytes_of(numbers: Iterable[int]) -> Iterator[int]:
    """Seven bits a byte; the eighth says that more of the number follows."""
    for number in numbers:
        left = number
        while left >= 0x80:
            yield left & 0x7F | 0x80
            left >>= 7
        yield left


def _numbers_in(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0
