"""HTTP around a function."""

from shared.web.function import Function, answer, function, refuse_foreign_host
from shared.web.problems import RETRY_AFTER_SECONDS, Problem, retry_after
from shared.web.request import MAX_BODY_BYTES, body_of, id_in_path, next_cursor, query_of

__all__ = [
    "MAX_BODY_BYTES",
    "RETRY_AFTER_SECONDS",
    "Function",
    "Problem",
    "answer",
    "body_of",
    "function",
    "id_in_path",
    "next_cursor",
    "query_of",
    "refuse_foreign_host",
    "retry_after",
]
