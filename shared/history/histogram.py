"""How long things took, in few bytes: buckets whose widths grow with what they hold, so that two can be merged.

A percentile is off by at most 2.5 %.
"""

import base64
import itertools
import math
import string
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence

_GROWTH = 1.05
_LOG = math.log(_GROWTH)
# The bucket of no measurable time. The logarithm of 0 has no bucket.
_LEAST_MS = 0.01
# The alphabet of ``base64.b85encode``.
_LETTERS = f"{string.digits}{string.ascii_uppercase}{string.ascii_lowercase}!#$%&()*+-;<=>?@^_`{{|}}~"
_DIGITS = bytes.maketrans(_LETTERS.encode(), bytes(range(85)))
# No bucket comes before this one.
FIRST = round(math.log(_LEAST_MS) / _LOG)


class Histogram:
    """How many durations, in milliseconds, each bucket holds."""

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        # A Counter would cost a history, which makes and merges thousands of these, several times as much.
        self._counts: dict[int, int] = dict(counts) if counts else {}

    @property
    def counts(self) -> Mapping[int, int]:
        """How many durations there are in each bucket that holds any."""
        return self._counts

    def add(self, milliseconds: float) -> None:
        """Count one duration."""
        bucket = round(math.log(max(milliseconds, _LEAST_MS)) / _LOG)
        self._counts[bucket] = self._counts.get(bucket, 0) + 1

    def merge(self, other: "Histogram") -> None:
        """Count all that another one holds."""
        counts = self._counts
        if not counts:
            counts.update(other._counts)
            return
        for bucket, count in other._counts.items():
            counts[bucket] = counts.get(bucket, 0) + count

    def merge_encoded(self, text: str) -> None:
        """Count all that ``text`` holds, which ``encoded`` made. A history of a year reads thousands of them."""
        counts, numbers = self._counts, _numbers_in(_bytes_in(text))
        if not counts:
            buckets = itertools.accumulate(numbers[::2], initial=FIRST)
            next(buckets)
            counts.update(dict(zip(buckets, numbers[1::2], strict=True)))
            return
        bucket = FIRST
        for distance, count in zip(numbers[::2], numbers[1::2], strict=True):
            bucket += distance
            counts[bucket] = counts.get(bucket, 0) + count

    def count(self) -> int:
        """How many durations there are."""
        return sum(self._counts.values())

    def percentile(self, share: float) -> float | None:
        """The duration that a ``share`` of all (0 to 1) does not exceed, in milliseconds; None if there is none."""
        return self.percentiles([share])[0]

    def percentiles(self, shares: Sequence[float]) -> list[float | None]:
        """The percentiles of several shares."""
        if not self._counts:
            return [None for _ in shares]
        buckets = sorted(self._counts)
        seen = list(itertools.accumulate(map(self._counts.__getitem__, buckets)))
        wanted = (max(1, math.ceil(share * seen[-1])) for share in shares)
        return [math.exp(buckets[bisect_left(seen, count)] * _LOG) for count in wanted]

    def at_most(self, bounds: Iterable[float]) -> list[int]:
        """For each of these durations, in milliseconds, how many are not longer, within 2.5 %."""
        buckets = sorted(self._counts)
        seen = [0, *itertools.accumulate(map(self._counts.__getitem__, buckets))]
        return [seen[bisect_right(buckets, math.log(bound) / _LOG)] for bound in bounds]

    def sum(self) -> float:
        """All durations together, in milliseconds, within 2.5 %."""
        return math.fsum(math.exp(bucket * _LOG) * count for bucket, count in sorted(self._counts.items()))

    def encoded(self) -> str:
        """As text, which ``decoded`` reads."""
        numbers: list[int] = []
        before = FIRST
        for bucket in sorted(self._counts):
            numbers += [bucket - before, self._counts[bucket]]
            before = bucket
        return base64.b85encode(bytes(_bytes_of(numbers))).decode()

    @classmethod
    def decoded(cls, text: str) -> "Histogram":
        """The histogram that ``text`` holds."""
        histogram = cls()
        histogram.merge_encoded(text)
        return histogram


def _bytes_of(numbers: Iterable[int]) -> Iterator[int]:
    """Seven bits a byte; the eighth says that more of the number follows."""
    for number in numbers:
        left = number
        while left >= 0x80:
            yield left & 0x7F | 0x80
            left >>= 7
        yield left


def _numbers_in(data: bytes) -> Sequence[int]:
    if data.isascii():
        return data  # each number is a byte
    numbers: list[int] = []
    rest = iter(data)
    for byte in rest:
        if byte < 0x80:
            numbers.append(byte)
            continue
        number, shift = byte & 0x7F, 7
        while byte >= 0x80:
            byte = next(rest)  # the number goes on
            number |= (byte & 0x7F) << shift
            shift += 7
        numbers.append(number)
    return numbers


def _bytes_in(text: str) -> bytes:
    """The result of ``base64.b85decode``, several times as fast."""
    missing = -len(text) % 5
    digits = f"{text}{'~' * missing}".encode().translate(_DIGITS)
    fives = zip(digits[::5], digits[1::5], digits[2::5], digits[3::5], digits[4::5], strict=True)
    words = [(((a * 85 + b) * 85 + c) * 85 + d) * 85 + e for a, b, c, d, e in fives]
    data = struct.pack(f">{len(words)}I", *words)
    return data[: len(data) - missing]
