"""Assets: stylesheet, scripts, icon. A fingerprint in their names lets everybody keep them for ever."""

import functools
import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple

from flask import Request, Response

_FOLDER = Path(__file__).with_name("assets")
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    # A picture that is opened by itself runs nothing.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Asset(NamedTuple):
    """A file as it is served."""

    name: str
    media_type: str
    content: bytes


def asset_path(file: str) -> str:
    """The path of an asset, to be put behind a page's ``root``: ``assets/bonghwa-1a2b3c4d5e.css``."""
    return f"assets/{_by_file()[file].name}"


def asset_answer(request: Request, name: str) -> Response | None:
    """The asset of this name; None if there is none, such as one of another version."""
    asset = _by_name().get(name)
    if asset is None:
        return None
    response = Response(asset.content, headers=_HEADERS, mimetype=asset.media_type)
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] > 0:
        response.set_data(_compressed(asset.content))
        response.headers["Content-Encoding"] = "gzip"
    return response


@functools.cache
def _by_file() -> dict[str, Asset]:
    return {path.name: _read(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}


@functools.cache
def _by_name() -> dict[str, Asset]:
    return {asset.name: asset for asset in _by_file().values()}


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    fingerprint = hashlib.sha256(content).hexdigest()[:10]
    name = f"{path.stem}-{fingerprint}{path.suffix}"
    return Asset(name, _TYPES[path.suffix], content)


# When somebody asks: most of a start's time would go into files that nobody reads.
@functools.cache
def _compressed(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)
