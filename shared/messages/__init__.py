"""Composes the messages that people read. Pure, but for the time zone: times are shown in this machine's own."""

from shared.messages.full import message_about, page_label, update_about
from shared.messages.lines import compose, compose_about_backend, compose_short, compose_test
from shared.messages.lists import compose_list, compose_short_list
from shared.messages.parts import said_cause, title_of
from shared.messages.texts import MAX_PART, duration, one_line, seconds_text, time_text
from shared.words import Language

__all__ = [
    "MAX_PART",
    "Language",
    "compose",
    "compose_about_backend",
    "compose_list",
    "compose_short",
    "compose_short_list",
    "compose_test",
    "duration",
    "message_about",
    "one_line",
    "page_label",
    "said_cause",
    "seconds_text",
    "time_text",
    "title_of",
    "update_about",
]
