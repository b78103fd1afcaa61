"""A list that is too long for a channel names fewer monitors, and counts all others."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

import pytest

from shared.delivery.texts import compose_owed
from shared.messages import Language
from shared.models import Cause
from shared.models.message import Message
from shared.notifiers.cutting import body_within, text_within
from shared.notifiers.services.apprise import _fitting
from shared.store import Owed
from tests.shared.notifiers.kinds import HTTP, channel_at
from tests.shared.notifiers.messages import alert, notification
from tests.support.stand_ins.service import Service

WORDS = "all is well, and every part of the shop responds within its time, from wherever somebody may ask for it"
CAUSE = Cause.of("keyword_missing", keyword=WORDS)
NUMBERS = range(1201, 1226)


def storm(language: Language = "en", count: int = 25) -> Message:
    """A list of outages with long causes, numbered from 1201 on."""
    owed = [
        Owed(notification(id=1200 + id_, alert_id=id_), alert(id=id_, subject=f"Shop in Seoul {id_}", cause_data=CAUSE))
        for id_ in range(1, count + 1)
    ]
    return compose_owed(owed, language)[0]


def told_of(text: str) -> list[int]:
    """The numbers that a list names, and those in the range of its last line."""
    [count] = re.findall(r"(?:and (\d+) more|외 \d+건) · ", text) or [""]
    *named, first, last = (int(number) for number in re.findall(r"#(\d+)", text))
    assert count in ("", str(last - first + 1))
    return [*named, *range(first, last + 1)]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("kind", sorted(HTTP.keys() - {"pagerduty", "teams"}))
def test_a_list_names_or_counts_every_number(kind: str, language: Language) -> None:
    """Pushover and Slack cut it in the middle of a line, or of a number."""
    with Service(HTTP[kind].accepts) as service:
        channel_at(service.url, kind).send(storm(language), timeout_seconds=5)
        [request] = service.requests
    body = request.body.decode()
    said: dict[str, Any] = json.loads(body) if body.startswith("{") else {"message": unquote_plus(body)}
    said.pop("fallbackText", None)
    if kind == "slack":
        assert told_of(said.pop("text")) == [*NUMBERS]
    for attachment in said.get("attachments", ()):
        attachment.pop("fallback", None)
    text = re.sub("[\u200b\\\\]", "", json.dumps(said, ensure_ascii=False))
    assert told_of(text) == [*NUMBERS]


@pytest.mark.parametrize(
    ("longest", "length"), [(1_024, len), (1_500, lambda text: len(text.encode())), (60, len), (2_700, len)]
)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_as_many_lines_as_fit_are_whole(language: Language, longest: int, length: Callable[[str], int]) -> None:
    whole, cut = storm(language).body.split("\n"), body_within(storm(language), longest, length).split("\n")
    assert length("\n".join(cut)) <= longest
    assert cut[:-1] == whole[: len(cut) - 1]
    assert told_of("\n".join(cut)) == [*NUMBERS]
    assert length("\n".join([*whole[: len(cut)], cut[-1]])) > longest, "one more would not fit"


def test_a_list_that_names_all_counts_what_is_left_out() -> None:
    message = storm(count=3)
    first, second, _ = message.body.split("\n")
    assert body_within(message, len(message.body) - 1).split("\n") == [first, second, "and 1 more · #1203"]
    assert body_within(message, len(message.body)) == message.body


def test_an_sms_of_a_list_says_how_many_and_which() -> None:
    """It was cut, and had the number of the first one at its end."""
    assert _fitting(storm(), 140) == "OUTAGE: 25 monitors\nand 25 more · #1201–#1225"
    assert len(text_within(storm(), 40)) == 40


def test_a_list_that_could_not_be_composed_counts_too() -> None:
    broken = [Owed(notification(id=number), alert(cause_data=7)) for number in NUMBERS]
    message, _ = compose_owed(broken, "en")
    assert told_of(body_within(message, 90)) == [*NUMBERS]
