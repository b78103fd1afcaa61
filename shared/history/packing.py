"""The rollups of several hours or days of one monitor in few bytes. Pure.

Hours that follow each other are alike, and so are days. Therefore the counts of one bucket of a histogram stand behind
each other, for all hours, before those of the next bucket. LZMA makes of that about as little as can be.
"""

import itertools
import lzma
import struct
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from shared.history.histogram import FIRST, Histogram
from shared.history.rollup import PHASES, Rollup

# Packs that were written with these are only read with these: never change them.
_FILTERS = [{"id": lzma.FILTER_LZMA1, "lc": 0, "lp": 0, "pb": 0, "dict_size": 1 << 17, "nice_len": 273}]
_SECTION = struct.Struct(">BI")


def packed(rollups: Mapping[int, Rollup]) -> bytes:
    """At least one rollup, each with the number of its hour or day, as bytes that ``unpacked`` reads.

    Everything is exact but for ``slowest_ms``, which has three decimals, as it is shown.
    """
    order = sorted(rollups)
    found = [rollups[number] for number in order]
    buckets: list[int] = []
    counts: list[int] = []
    for phase in PHASES:
        histograms = [rollup.phases[phase].counts for rollup in found]
        present = sorted(set().union(*histograms))
        buckets += [len(present), *_differences(present, FIRST)]
        for bucket in present:
            counts += [histogram.get(bucket, 0) for histogram in histograms]
    sections = (
        _differences(order, 0),
        [rollup.checks for rollup in found],
        [rollup.failures for rollup in found],
        [_microseconds(rollup.slowest_ms) for rollup in found],
        buckets,
        counts,
    )
    return lzma.compress(b"".join(map(_written, sections)), lzma.FORMAT_RAW, filters=_FILTERS)


def unpacked(content: bytes, wanted: Container[int] | None = None) -> dict[int, Rollup]:
    """The rollups by their numbers; only the ``wanted`` ones."""
    sections = _sections(lzma.decompress(content, lzma.FORMAT_RAW, filters=_FILTERS))
    order = list(itertools.accumulate(next(sections)))
    checks, failures, slowest, buckets, counts = sections
    places = [place for place, number in enumerate(order) if wanted is None or number in wanted]
    phases: dict[int, dict[str, Histogram]] = {place: {} for place in places}
    rest, starts = iter(buckets), itertools.count(0, len(order))
    for phase in PHASES:
        found: dict[int, dict[int, int]] = {place: {} for place in places}
        distances = itertools.islice(rest, next(rest))
        for bucket in itertools.islice(itertools.accumulate(distances, initial=FIRST), 1, None):
            start = next(starts)
            for place in places:
                if count := counts[start + place]:
                    found[place][bucket] = count
        for place, histogram in found.items():
            phases[place][phase] = Histogram(histogram)
    return {
        order[place]: Rollup.made(checks[place], failures[place], _milliseconds(slowest[place]), phases[place])
        for place in places
    }


def _differences(numbers: Sequence[int], first: int) -> list[int]:
    return [number - before for before, number in itertools.pairwise([first, *numbers])]


def _microseconds(milliseconds: float | None) -> int:
    """Whole microseconds and one more; 0 for None."""
    return 0 if milliseconds is None else round(round(milliseconds, 3) * 1000) + 1


def _milliseconds(number: int) -> float | None:
    return (number - 1) / 1000 if number else None


def _written(numbers: Sequence[int]) -> bytes:
    """The lowest byte of each number, then the next one of each: high bytes are alike."""
    width = (max(numbers, default=0).bit_length() + 7) // 8
    planes = (bytes(number >> 8 * place & 0xFF for number in numbers) for place in range(width))
    return _SECTION.pack(width, len(numbers)) + b"".join(planes)


def _sections(data: bytes) -> Iterator[Sequence[int]]:
    """The sequences that ``_written`` wrote, one after the other."""
    at = 0
    while at < len(data):
        width, length = _SECTION.unpack_from(data, at)
        at += _SECTION.size
        yield _joined([data[at + place * length :][:length] for place in range(width)], length)
        at += width * length


def _joined(planes: Sequence[bytes], length: int) -> Sequence[int]:
    if not planes:
        return bytes(length)
    numbers: Sequence[int] = planes[-1]
    for plane in reversed(planes[:-1]):
        numbers = [number << 8 | byte for number, byte in zip(numbers, plane, strict=True)]
    return numbers


def merged(*several: Iterable[tuple[int, Rollup]]) -> dict[int, Rollup]:
    """The rollups of each number, merged."""
    found: dict[int, Rollup] = {}
    for number, rollup in itertools.chain(*several):
        found.setdefault(number, Rollup()).merge(rollup)
    return found
