"""A service's words, as the log may quote them."""

from typing import TYPE_CHECKING

from shared.settings.secrets import masked

if TYPE_CHECKING:
    from shared.notifiers import NotifierKind


def quoted(notifier: "NotifierKind", *words: object) -> str:
    """Those of ``words`` that are texts, without the channel's secrets: a service may repeat what it was sent."""
    said = ": ".join(word for word in words if isinstance(word, str) and word)
    return masked(said, filter(None, notifier.secrets().values()))
