"""``${NAME}``: what is filled in when the file is read, what the agent fills in later, and what is missing."""

import pytest

from tests.infra.configuration.conftest import Mistakes, Read

IN_PLACE = "in the environment, or in .env, which make run reads when it starts"


def test_channels_are_filled_in_from_the_environment(reading: Read) -> None:
    text = """\
channels:
  mail: {kind: email, url: "smtps://${USER_1}:${_PASS}@mail.example.com", from: a@b.example, to: ["${TO}", c@b.example]}
  hook: {kind: webhook, url: "https://a.example/$$/${TO}", headers: {X-Price: "$5", X-To: "${TO}"}}
"""
    known = reading(text, USER_1="kim", _PASS="hunter2-secret", TO="to@example.com")
    assert known.channels["mail"]["url"] == "smtps://kim:hunter2-secret@mail.example.com"
    assert known.channels["mail"]["to"] == ["to@example.com", "c@b.example"]
    assert known.channels["hook"]["url"] == "https://a.example/$/to@example.com"
    assert known.channels["hook"]["headers"] == {"X-Price": "$5", "X-To": "to@example.com"}
    assert "hunter2" not in repr(known)


def test_a_heartbeats_token_and_a_pages_password_are_filled_in(reading: Read) -> None:
    text = """\
status_page: {password: "${PAGE}"}
monitors: [{name: Job, heartbeat: {period: 1h, token: "${JOB}"}}]
"""
    known = reading(text, PAGE="hunter2-secret", JOB="token-1")
    assert known.status_page == {"password": "hunter2-secret"}
    assert known.monitors[0].heartbeat is not None
    assert known.monitors[0].heartbeat.token == "token-1"
    assert "hunter2" not in repr(known)


def test_the_rest_of_a_monitor_is_left_to_the_agent(reading: Read, mistakes: Mistakes) -> None:
    text = "monitors: [{name: API, url: 'https://a.example/${MONITOR_PATH}', bearer_token: '${MONITOR_T}$$'}]\n"
    [known] = reading(text, MONITOR_PATH="x", MONITOR_T="hunter2-secret").monitors
    assert (known.url, known.bearer_token) == ("https://a.example/${MONITOR_PATH}", "${MONITOR_T}$$")
    [found] = mistakes(text.replace("MONITOR_T", "API_KEY"), API_KEY="hunter2-secret")
    assert "bearer_token is (hidden): expected placeholders whose names begin with MONITOR_" in found
    assert "hunter2" not in found


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("${NOPE}", f"webhook_url has ${{NOPE}}: expected NOPE {IN_PLACE}"),
        ("https://a.example/${EMPTY}", f"webhook_url has ${{EMPTY}}: expected EMPTY {IN_PLACE}"),
        ("${NOPE:-https://a.example}", "webhook_url has ${NOPE…}: expected letters, digits and _ between the braces"),
        ("${}", "webhook_url has ${}: expected letters, digits and _ between the braces"),
    ],
)
def test_what_cannot_be_filled_in_is_one_mistake(mistakes: Mistakes, value: str, said: str) -> None:
    text = f"channels:\n  dev:\n    kind: slack\n    webhook_url: '{value}'\n"
    assert mistakes(text, EMPTY="") == [f"4: channels 'dev': {said}"]


def test_a_missing_token_is_named_with_its_line(mistakes: Mistakes) -> None:
    text = "monitors:\n  - name: Job\n    heartbeat:\n      period: 1h\n      token: '${JOB}'\n"
    assert mistakes(text) == [f"5: monitors[0] 'Job': heartbeat.token has ${{JOB}}: expected JOB {IN_PLACE}"]


def test_what_was_filled_in_is_never_shown(mistakes: Mistakes) -> None:
    text = """\
channels:
  ops: {kind: telegram, bot_token: "1:a", chat_id: "${SECRET}", api_url: "${SECRET}", language: "${SECRET}"}
monitors: [{name: Job, heartbeat: {period: 1h, token: "${SECRET}"}}]
"""
    found = mistakes(text, SECRET="hunter2 secret")
    assert len(found) == 4
    assert not any("hunter2" in line for line in found)
