"""The sentence agrees with what the page shows, whatever states there are."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.status_page.sentences import cause_code, sentence_of
from functions.status_page.visible import Group, Monitor, Page
from shared.pages import formatting
from shared.pages.states import ORDER, Shown
from shared.words import Language
from shared.words.en import CAUSES
from shared.words.pages import frame_words, plain_speaker, status_words
from shared.words.visitors import TOLD

AT = "2026-11-28T14:25:00.000Z"
BEGAN = "2026-11-28T14:02:00.000Z"


def page(
    states: list[Shown], *, incidents: tuple[dict[str, Any], ...] = (), is_handled: bool = False, **fields: Any
) -> Page:
    """A page with a monitor in each of these states; their names are m0, m1 …"""
    monitors = [
        Monitor(number, f"m{number}", "G", None, "UP", state, BEGAN, AT, {}, []) for number, state in enumerate(states)
    ]
    outages = [
        {
            "id": each.id,
            "name": each.name,
            "is_slow": each.shown == "slow",
            "is_handled": is_handled,
            "failed_at": BEGAN,
        }
        for each in monitors
        if each.shown in ("down", "slow")
    ]
    known = Page("", {}, AT, [Group("G", monitors)], outages, [], [], list(incidents))
    return known._replace(**fields)


def incident(*monitors: str, state: str = "investigating") -> dict[str, Any]:
    return {"id": 1, "title": "Payments fail", "state": state, "monitors": list(monitors)}


def whole(shown: Page, language: Language = "en") -> str:
    """Everything that the sentence says."""
    say = plain_speaker(status_words(language), frame_words(language))

    def clock(at: datetime) -> str:
        return formatting.moment(at, datetime.fromisoformat(shown.at), language)

    found = sentence_of(shown, say, clock, language)
    return " | ".join([found.title, *found.text, *found.small])


@pytest.mark.slow
@given(states=st.lists(st.sampled_from(ORDER), max_size=6), is_handled=st.booleans(), has_incident=st.booleans())
def test_the_sentence_is_true(states: list[Shown], is_handled: bool, has_incident: bool) -> None:
    shown = page(states, is_handled=is_handled, incidents=(incident(),) if has_incident else ())
    text = whole(shown)
    watched = [state for state in states if state != "paus"]
    assert ("Everything works" in text) is (bool(watched) and set(watched) == {"up"} and not has_incident)
    assert ("It is not only you" in text) is ("down" in watched)
    if "down" in watched:
        assert ("We are working on it." in text) is (is_handled or has_incident)
        assert ("We have noticed it." in text) is not (is_handled or has_incident)
        assert "since 14:02 UTC (23\xa0min)" in text
    down = [number for number, state in enumerate(states) if state == "down"]
    assert all(f"m{number}" in text for number in down[:5])
    assert [f"m{number} is down" for number in down] == [text.split(" | ")[0]] or len(down) != 1
    working = watched.count("up")
    assert ("The other service works." in text) is (working == 1 and len(watched) > 1)
    whole(shown, "ko")


@pytest.mark.parametrize(
    ("states", "english", "korean"),
    [
        (["up"], "Everything works", "모두 정상입니다"),
        (["down", "up"], "m0 is down", "m0 장애"),
        (["down", "down", "up"], "2 of 3 services are down", "서비스 3개 중 2개에 장애가 있습니다"),
        (["slow", "up"], "m0 is slow", "m0이 느립니다"),
        (["pend", "up"], "m0 is being checked again", "m0을 다시 확인하고 있습니다"),
        (["unk", "up"], "We have no news of m0", "m0의 상태를 알 수 없습니다"),
        (["plan", "up"], "Planned maintenance", "예정된 점검 중입니다"),
        (["paus"], "All services are paused", "모든 서비스를 일시 중지했습니다"),
        ([], "Nothing is shown here yet", "아직 보여 드릴 것이 없습니다"),
    ],
)
def test_each_state_has_its_sentence(states: list[Shown], english: str, korean: str) -> None:
    assert whole(page(states)).split(" | ")[0] == english
    assert whole(page(states), "ko").split(" | ")[0] == korean


@pytest.mark.parametrize(
    ("state", "one", "several"),
    [
        ("slow", "It answers, and takes longer", "They answer, and take longer"),
        ("pend", "The last check failed.", "Their last checks failed."),
        ("unk", "we cannot say how it is.", "we cannot say how they are."),
    ],
)
def test_one_and_several_have_their_sentences(state: Shown, one: str, several: str) -> None:
    assert one in whole(page([state, "up"]))
    assert several in whole(page([state, state, "up"]))


def test_a_title_of_somebody_wins_if_it_is_about_all_that_is_down() -> None:
    states: list[Shown] = ["down", "down", "up"]
    assert whole(page(states, incidents=(incident("m0", "m1"),))).startswith("Payments fail")
    assert whole(page(states, incidents=(incident("m0"),))).startswith("2 of 3 services are down")
    assert whole(page(["down"], incidents=(incident("m0", state="resolved"),))).startswith("m0 is down")
    assert "We have noticed it." in whole(page(["down", "up"], incidents=(incident("m1"),))), "it is about another one"


def outage(name: str, *, is_handled: bool = False, failed_at: str = BEGAN) -> dict[str, Any]:
    return {"id": 1, "name": name, "is_slow": False, "is_handled": is_handled, "failed_at": failed_at}


@pytest.mark.parametrize("other", ["plan", "unk"])
def test_the_outage_of_another_monitor_says_nothing_of_what_is_down(other: Shown) -> None:
    older = outage("m1", is_handled=True, failed_at="2026-11-26T14:02:00.000Z")
    text = whole(page(["down", other], open=[outage("m0"), older]))
    assert "since 14:02 UTC (23\xa0min)" in text
    assert "We have noticed it." in text


def test_we_work_on_it_if_somebody_is_on_all_that_is_down() -> None:
    states: list[Shown] = ["down", "down", "up"]
    both = page(states, open=[outage("m0", is_handled=True), outage("m1")])
    assert "We have noticed it." in whole(both)
    assert "We are working on it." in whole(both._replace(incidents=[incident("m1")]))
    assert "We have noticed it." in whole(page(["down"], open=[])), "nobody can acknowledge it"


def test_a_window_says_until_when() -> None:
    window = {"id": 1, "ends_at": "2026-11-28T19:00:00.000Z", "is_active": True}
    assert whole(page(["plan", "up"], windows=[window])).startswith("Planned maintenance until 19:00 UTC")


def test_what_is_days_away_has_its_date() -> None:
    window = {"id": 1, "ends_at": "2026-12-01T14:25:00.000Z", "is_active": True}
    planned = page(["plan", "up"], windows=[window])
    assert whole(planned).startswith("Planned maintenance until 1 Dec 2026, 14:25 UTC |")
    assert whole(planned, "ko").startswith("2026년 12월 1일 14:25 UTC까지 예정된 점검 중입니다 |")
    older = page(["down"], open=[outage("m0", failed_at="2026-11-26T14:02:00.000Z")])
    assert "since 26 Nov 2026, 14:02 UTC (2\xa0days)" in whole(older)
    assert "Checked 14:25 UTC." in whole(older)


def test_it_is_decided_of_each_cause_what_visitors_are_told() -> None:
    decided = [cause for causes in TOLD.values() for cause in causes]
    assert sorted(decided) == sorted(CAUSES), "a cause without a decision, or with two"
    assert TOLD.keys() <= status_words("en").keys()


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("connection_refused", "does not answer"),
        ("dns_rcode", "answers with an error"),
        ("status_not_accepted", "answers with an error"),
        ("query_failed", "answers with an error"),
        ("certificate_expired", "has a problem with its certificate"),
        ("exit_code", "does not work"),
        ("no_ping_since", "does not work"),
        ("docker_unhealthy", "does not work"),
        ("a_code_of_a_newer_agent", "does not work"),
        (None, "does not work"),
    ],
)
def test_visitors_are_told_of_a_cause_in_their_words(cause: str | None, said: str) -> None:
    assert status_words("en")[cause_code({"is_slow": False, "cause": cause})] == said
    assert cause_code({"is_slow": True, "cause": cause}) == "slow_answer"
