"""How times, durations, shares and names look, as tables."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from markupsafe import escape

from shared.messages import time_text
from shared.pages import formatting
from shared.pages.formatting import Named
from shared.words import Language

AT = datetime(2026, 11, 28, 14, 2, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "english", "korean"),
    [
        (0, "0 s", "0초"),
        (0.9, "0 s", "0초"),
        (45, "45 s", "45초"),
        (59.999, "59 s", "59초"),
        (60, "1 min", "1분"),
        (23 * 60 + 59, "23 min", "23분"),
        (3600, "1 h", "1시간"),
        (3 * 3600 + 20 * 60, "3 h 20 min", "3시간 20분"),
        (86_399, "23 h 59 min", "23시간 59분"),
        (86_400, "1 day", "1일"),
        (9 * 86_400 + 5, "9 days", "9일"),
        (-3, "0 s", "0초"),
    ],
)
def test_a_duration_is_cut_to_what_matters(seconds: float, english: str, korean: str) -> None:
    assert formatting.duration(seconds, "en").replace("\u00a0", " ") == english
    assert formatting.duration(seconds, "ko") == korean


@pytest.mark.parametrize(
    ("share", "is_whole", "shown"),
    [
        (1.0, True, "100 %"),
        (1.0, False, "99.99 %"),  # so short that the share is 1 in binary
        (0.99999, False, "99.99 %"),
        (0.9998999, False, "99.98 %"),
        (0.29, False, "29.00 %"),  # 0.29 * 100 is 28.999999999999996
        (0.9985, False, "99.85 %"),
        (0.0, False, "0.00 %"),
        (1e-9, False, "0.00 %"),
    ],
)
def test_uptime_is_cut_and_never_rounded_up(share: float, is_whole: bool, shown: str) -> None:
    assert formatting.uptime(share, is_whole=is_whole).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("value", "english", "korean"),
    [(210.4, "210 ms", "210 ms"), (0.42, "0.4 ms", "0.4 ms"), (2400, "2.4 s", "2.4초"), (999.4, "999 ms", "999 ms")],
)
def test_a_response_time_has_a_unit_that_fits(value: float, english: str, korean: str) -> None:
    assert formatting.milliseconds(value, "en").replace("\u00a0", " ") == english
    assert formatting.milliseconds(value, "ko").replace("\u00a0", " ") == korean


def test_times_are_whole_without_a_script() -> None:
    assert formatting.date(AT, "en") == "28 Nov 2026, 14:02 UTC"
    assert formatting.date(AT, "ko") == "2026년 11월 28일 14:02 UTC"
    assert formatting.month(AT, "en") == "Nov 2026"
    assert formatting.month(AT, "ko") == "2026년 11월"
    tag = formatting.time_tag(AT, "s", "en")
    assert tag == '<time datetime="2026-11-28T14:02:07Z" data-l="s">14:02:07 UTC</time>'


@pytest.mark.parametrize("zone", ["UTC", "Asia/Seoul", "Europe/Berlin", "America/Sao_Paulo"])
@pytest.mark.parametrize("month", [1, 7])
def test_a_time_in_a_sentence_is_shown_in_the_viewers_zone(
    set_zone: Callable[[str], None], zone: str, month: int
) -> None:
    set_zone(zone)
    at = AT.replace(month=month)
    said = formatting.with_times(f"No <ping> since {time_text(at)}, {at:%Y-%m-%d %H:%M:%S} UTC.", "en")
    tag = formatting.time_tag(at, "d", "en")
    assert said == f"No &lt;ping&gt; since {tag}, {tag}."


@pytest.mark.parametrize("text", ["2026-13-28 14:02:07 UTC", "2026-11-28 14:02:07 XYZ", "2026-11-28", "<b>"])
def test_a_text_without_a_time_stays_as_it_is(text: str) -> None:
    assert formatting.with_times(text, "en") == escape(text)


@pytest.mark.parametrize(
    ("hours", "shown"),
    [(-48, "26 Nov 2026, 14:02 UTC"), (-12, "02:02 UTC"), (12, "02:02 UTC"), (24, "29 Nov 2026, 14:02 UTC")],
)
def test_a_time_that_is_far_away_has_its_date(hours: int, shown: str) -> None:
    assert formatting.moment(AT + timedelta(hours=hours), AT, "en") == shown


@pytest.mark.parametrize(
    ("name", "korean"),
    [
        ("검색", "검색이 느립니다"),
        ("결제", "결제가 느립니다"),
        ("API 3", "API 3이 느립니다"),
        ("API 2", "API 2가 느립니다"),
        ("Search", "Search이(가) 느립니다"),
        ("«결제»", "«결제»가 느립니다"),
        ("", "이(가) 느립니다"),
    ],
)
def test_a_name_takes_the_particle_of_its_last_sound(name: str, korean: str) -> None:
    assert f"{Named(name):이/가} 느립니다" == korean


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_name_is_escaped_in_markup(language: Language) -> None:
    from shared.words.pages import plain_speaker, speaker

    words = {"is": "{name:이/가} <b>"}
    assert speaker(words)("is", name=Named("<i>")) == "<bdi>&lt;i&gt;</bdi>이(가) <b>"
    assert plain_speaker(words)("is", name=Named("<i>")) == "<i>이(가) <b>"


def test_one_and_several_have_texts_of_their_own() -> None:
    from shared.words.pages import speaker

    say = speaker({"days": ("{n} day", "{n} days"), "on": "{name}"}, {"days": "never", "up": "Works"})
    assert [say("days", n=1), say("days", n=2), say("up")] == ["1 day", "2 days", "Works"]
    assert say("on", name="<script>") == "&lt;script&gt;"
