"""HTTP around a function."""

from typing import TYPE_CHECKING, Any

from shared.web.function import answer, function, has_key, key_of, refuse_foreign_host, require_key_or_session
from shared.web.problems import RETRY_AFTER_SECONDS, Problem, retry_after
from shared.web.request import (
    LIMIT,
    MAX_BODY_BYTES,
    MAX_UNPACKED_BYTES,
    PACKED,
    Id,
    Limit,
    bearer_token,
    body_of,
    id_in_path,
    id_of,
    is_id,
    most_names_in,
    next_cursor,
    query_of,
    refuse_duplicate_names,
    unchecked_body_of,
)

if TYPE_CHECKING:
    from shared.web.dispatch import route, routes
else:

    def __getattr__(name: str) -> Any:
        # Most functions have one route, and start without what finds the right one of several.
        if name not in ("route", "routes"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from shared.web import dispatch

        return getattr(dispatch, name)


__all__ = [
    "LIMIT",
    "MAX_BODY_BYTES",
    "MAX_UNPACKED_BYTES",
    "PACKED",
    "RETRY_AFTER_SECONDS",
    "Id",
    "Limit",
    "Problem",
    "answer",
    "bearer_token",
    "body_of",
    "function",
    "has_key",
    "id_in_path",
    "id_of",
    "is_id",
    "key_of",
    "most_names_in",
    "next_cursor",
    "query_of",
    "refuse_duplicate_names",
    "refuse_foreign_host",
    "require_key_or_session",
    "retry_after",
    "route",
    "routes",
    "unchecked_body_of",
]
