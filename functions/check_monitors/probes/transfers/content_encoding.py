"""How a server compresses the body of a response, and which of that we can read."""

import zlib

_READABLE = ("gzip", "x-gzip", "deflate")
_OTHERS = ("br", "zstd", "compress", "x-compress", "dcb", "dcz")  # Any other name is no compression.
_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS  # many servers mean it by "deflate"
_PART_BYTES = 16_384


def readable(accepted: str) -> str:
    """An ``Accept-Encoding`` without what we cannot read."""
    offers = (offer.strip() for offer in accepted.split(","))
    return ", ".join(offer for offer in offers if _name(offer.partition(";")[0]) in (*_READABLE, "identity"))


def unreadable(encoding: str) -> str | None:
    """The compression in a ``Content-Encoding`` that we cannot read, if there is one."""
    names = [name for each in encoding.split(",") if (name := _name(each)) in (*_READABLE, *_OTHERS)]
    other = next((name for name in names if name in _OTHERS), None)
    return other or (", ".join(names) if len(names) > 1 else None)


def decoded(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without the compression that the server chose, and no more of it than shows that it is cut."""
    name = next((name for each in encoding.split(",") if (name := _name(each)) in _READABLE), None)
    ways = {None: (), "deflate": (_ZLIB_OR_GZIP, _RAW)}.get(name, (_ZLIB_OR_GZIP,))
    # A body that none of them reads is not compressed, whatever its header says.
    return next((found for window in ways if (found := _inflated(body, window, limit))), body)


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    """All that can be read, up to ``limit`` and one byte more. A gzip file may consist of several."""
    found, inflater = bytearray(), zlib.decompressobj(window)
    try:
        # In parts: each member's end has zlib copy what follows it.
        for at in range(0, len(body), _PART_BYTES):
            part = body[at : at + _PART_BYTES]
            while part and len(found) <= limit:
                found += inflater.decompress(part, limit + 1 - len(found))
                part = inflater.unused_data
                if inflater.eof:
                    inflater = zlib.decompressobj(window)
    except zlib.error:
        pass  # it ends early, or zeros follow it
    return bytes(found)


def _name(encoding: str) -> str:
    return encoding.strip().lower()
