"""Pages as responses: what a browser may do with them, who may keep them, and how they travel."""

import functools
import gzip
import hashlib
from http import HTTPStatus
from typing import Literal

from flask import Request, Response

# public: everybody sees the same. embedded: the same, in a frame of any site. private: nobody keeps it.
Audience = Literal["public", "embedded", "private"]

_CSP = (
    "default-src 'none'; style-src 'self'; {script}img-src 'self'{images}; {connect}form-action {forms}; "
    "base-uri 'none'; frame-ancestors {frames}"
)
_CACHE: dict[Audience, str] = {
    "public": "public, max-age=10, stale-while-revalidate=60, stale-if-error=86400",
    "embedded": "public, max-age=10, stale-while-revalidate=60, stale-if-error=86400",
    "private": "private, no-store",
}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# A shorter text is not worth it.
_LEAST_TO_COMPRESS = 500


def page_answer(
    request: Request,
    html: str | bytes,
    audience: Audience,
    *,
    status: int = 200,
    has_script: bool = True,
    is_compressed: bool = True,
    age: float = 0,
    image: str = "",
) -> Response:
    """A page. ``age``: for how many seconds we have kept it already. ``image``: the URL of a foreign picture in it.

    ``is_compressed``: False for a page that holds a secret token beside what was typed in, since its length would tell.
    """
    response = Response(
        html, HTTPStatus(status), {**_HEADERS, **policy_of(audience, has_script, image)}, mimetype="text/html"
    )
    return finish(request, response, audience, is_compressed=is_compressed, age=age)


def policy_of(audience: Audience, has_script: bool, image: str = "") -> dict[str, str]:
    """The header that says what a page may load, and what may load it."""
    csp = _CSP.format(
        script="script-src 'self'; " if has_script else "",
        images=f" {image}" if image else "",
        connect="connect-src 'self'; " if has_script else "",
        forms="'none'" if audience == "embedded" else "'self'",
        frames="*" if audience == "embedded" else "'none'",
    )
    return {"Content-Security-Policy": csp}


def finish(
    request: Request, response: Response, audience: Audience, *, is_compressed: bool = True, age: float = 0
) -> Response:
    """Give a response of any media type what caches need, and compress it if the caller can read that.

    A public one becomes a 304 if the caller has it already. A private one has no ETag, which two users could share.
    """
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers["Cache-Control"] = _CACHE[audience]
    content = response.get_data()
    tag, compressed = _packed(content)
    if audience == "private" or response.status_code != HTTPStatus.OK:
        response.headers["Cache-Control"] = _CACHE["private"]
    else:
        response.set_etag(tag, weak=True)
        if age >= 1:
            response.headers["Age"] = str(int(age))
    if is_compressed and len(content) >= _LEAST_TO_COMPRESS:
        response.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"] > 0:
            response.set_data(compressed)
            response.headers["Content-Encoding"] = "gzip"
    if request.method in ("GET", "HEAD"):
        response.make_conditional(request)
    if response.status_code == HTTPStatus.NOT_MODIFIED:
        response.set_data(b"")
        for name in ("Content-Encoding", "Content-Length"):
            response.headers.pop(name, None)
    return response


# Many ask for the same page, and to compress it takes longer than anything else.
@functools.lru_cache(maxsize=32)
def _packed(content: bytes) -> tuple[str, bytes]:
    """The version of a text, and the text compressed."""
    return hashlib.sha256(content).hexdigest()[:20], gzip.compress(content, 6, mtime=0)


def varies_by_language(response: Response) -> Response:
    """Say that the browser's language chose the text, unless the address did."""
    response.vary.add("Accept-Language")
    return response
