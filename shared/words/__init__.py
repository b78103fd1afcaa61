"""Every text that a person reads, by code: one file for each language.

A language's file is loaded when its first text is needed, so that a cold start pays for that one only.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from shared.models import Cause

Language = Literal["en", "ko"]


if TYPE_CHECKING:
    from typing import Protocol

    class Words(Protocol):
        """The file of a language. A text names its parameters as ``str.format`` does."""

        CAUSES: Mapping[str, str]
        KINDS: Mapping[str, str]
        SUBJECTS: Mapping[str, str]
        LABELS: Mapping[str, str]
        FACTS: Mapping[str, str]
        MESSAGES: Mapping[str, str]
        REASONS: Mapping[str, str]
        TIMELINE: Mapping[str, str]

        def ordinal(self, number: int, /) -> str:
            """A number that counts something."""

        def attempt(self, number: int, /) -> str:
            """The attempt with this number."""


def words_of(language: Language) -> "Words":
    """The words of a language."""
    if language == "ko":
        from shared.words import ko

        return ko
    from shared.words import en

    return en


def cause_text(language: Language, cause: Cause | None, reported: str | None = None) -> str:
    """The sentence for ``cause``; empty if nothing is known.

    Without a cause it is what the reporter wrote. The same holds if we have no words for the cause's code, or if its
    parameters do not fit them: a newer agent may know more codes than this backend does.
    """
    if cause is None:
        return reported or ""
    try:
        # Only the status of an HTTP response may lack its last part, the phrase.
        return words_of(language).CAUSES[cause.code].format_map(cause.parameters).rstrip()
    except (KeyError, ValueError):
        return reported or cause.code.replace("_", " ")


def reason_text(language: Language, reason: str) -> str:
    """The words for the rule that decided something. A code that we have no words for is shown as it is."""
    return words_of(language).REASONS.get(reason) or reason.replace("_", " ")
