"""The text of a message, also if composing fails: a message without its details is better than none."""

import logging
from collections.abc import Sequence

from shared.logs import step
from shared.messages import Language, compose, compose_list, compose_short, compose_short_list
from shared.store import Owed

__all__ = ["Language", "text_about"]


def text_about(listed: Sequence[Owed], language: Language) -> tuple[str, str]:
    """The text about one notification, or the list of several, and what the log must say about it."""
    pairs = [(owed.alert, owed.notification) for owed in listed]
    remark = f" (a list of {len(pairs)})" if len(pairs) > 1 else ""
    try:
        return compose(*pairs[0], language) if len(pairs) == 1 else compose_list(pairs, language), remark
    except Exception as defect:  # noqa: BLE001  # see above
        first = pairs[0][1].id
        step("server", "message_not_composed", level=logging.ERROR, failure=True, notification_id=first)
        remark += f" (a short text, because composing failed: {type(defect).__name__})"
        return compose_short(*pairs[0]) if len(pairs) == 1 else compose_short_list(pairs), remark
