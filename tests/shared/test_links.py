"""Signed links: what they say, for how long, and that nobody else can make one."""

import re
from datetime import timedelta

import pytest

from shared.delivery.texts import compose_owed
from shared.links import VALID_FOR, Grant, Links, links_of
from shared.models.message import Message
from shared.settings import Settings
from shared.store import Store
from tests.support.builders import NOON, Channel, at, event, fails, routes
from tests.support.store.steps import add, deliver, move, owe

ROOT = "https://bonghwa.example.com"
KEY, OTHER = "a-key-for-these-tests-only", "another-key-for-these-tests"


def links(*keys: str, root: str = ROOT) -> Links:
    found = links_of(Settings.from_env({"PUBLIC_URL": root, "API_KEY": " ".join(keys or (KEY,))}))
    assert found is not None
    return found


@pytest.mark.parametrize("channel", ["ops", "밤", "a channel of words", "x" * 64])
def test_a_link_says_the_alert_the_action_and_the_channel(channel: str) -> None:
    url = links(root=f"{ROOT}/").url(7, "silence", channel, at=NOON)
    root, _, token = url.rpartition("/act/")
    assert root == ROOT
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)
    assert links().read(token) == Grant(7, "silence", channel, NOON + VALID_FOR)
    assert timedelta(days=7) == VALID_FOR


def test_any_valid_key_verifies_and_no_other() -> None:
    token = links(KEY).token(Grant(7, "acknowledge", "ops", NOON))
    assert links(OTHER, KEY).read(token), "the key is being replaced"
    assert links(OTHER).read(token) is None, "it was taken away"


def test_no_changed_token_is_taken() -> None:
    token = links().token(Grant(7, "acknowledge", "ops", NOON))
    for place, letter in enumerate(token):
        for other in {"A", "B", "w"} - {letter}:
            assert links().read(token[:place] + other + token[place + 1 :]) is None
    for wrong in ("", "x", token[:-1], token + "A", token + "=", f" {token}", "0" * 40, "ключ", token * 40):
        assert links().read(wrong) is None


@pytest.mark.parametrize("missing", ["PUBLIC_URL", "API_KEY"])
def test_there_are_none_without_a_public_url_or_a_key(missing: str) -> None:
    given = {"PUBLIC_URL": ROOT, "API_KEY": KEY} | {missing: ""}
    assert links_of(Settings.from_env(given)) is None


# --- in messages ------------------------------------------------------------------------------------------------------


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Channel:
    """A channel of a system that others reach."""
    monkeypatch.setenv("PUBLIC_URL", ROOT)
    monkeypatch.setenv("API_KEY", KEY)
    return Channel()


def links_in(message: Message, seconds: float) -> list[tuple[str, str]]:
    """The targets and labels of the message's links ``seconds`` after noon, but for the last: the page."""
    assert message.alert is not None
    *acting, page = message.links
    assert page == ("open", "Open", f"{ROOT}/dashboard/alerts/{message.alert.id}")
    for link in acting:
        grant = links().read(link.url.removeprefix(f"{ROOT}/act/"))
        assert grant == Grant(message.alert.id, grant.action if grant else "silence", "a", at(seconds) + VALID_FOR)
        assert grant.action == link.action
    return [(link.action, link.label) for link in acting]


def test_a_message_leads_to_what_one_can_do(store: Store, channel: Channel) -> None:
    owe(store)
    owe(store, 30, ok=True)
    deliver(store, 30, a=channel)
    outage, recovery = channel.messages
    assert links_in(outage, 30) == [], "it has ended already"
    assert links_in(recovery, 30) == []
    owe(store, 60)
    deliver(store, 61, a=channel)
    assert links_in(channel.messages[2], 61) == [("acknowledge", "Acknowledge"), ("silence", "Silence 1 h")]


def test_nobody_is_asked_to_acknowledge_twice(store: Store, channel: Channel) -> None:
    owe(store)
    move(store, 1, "ACK", 1)
    deliver(store, 2, a=channel)
    assert links_in(channel.messages[0], 2) == [("silence", "Silence 1 h")]


def test_what_is_no_monitor_cannot_be_silenced(store: Store, channel: Channel) -> None:
    owe(store, channels=routes("a", "b"))
    deliver(store, a=channel, b=Channel(fails("Unauthorized", is_permanent=True)))
    # The channels are served side by side, and the one may be done before the other is refused.
    composed = 0 if len(channel.messages) == 2 else 1
    deliver(store, 1, a=channel)
    refused = channel.messages[1]
    assert refused.title.startswith("CHANNEL_REFUSED")
    assert [action for action, _ in links_in(refused, composed)] == ["acknowledge"]


def test_a_list_has_no_links(store: Store, channel: Channel) -> None:
    add(store, *(event(0, ok=False, monitor=f"m{number}") for number in range(3)), received=0, channels=routes("a"))
    owed = [store.notifications.claim("a", now=at(0), leased_until=at(30)) for _ in range(3)]
    message, _ = compose_owed([each for each in owed if each], "en", links=links(), at=at(0))
    assert message.is_list
    assert message.links == ()


def test_without_a_public_url_a_message_has_no_links(
    store: Store, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLIC_URL", "")
    owe(store)
    deliver(store, a=channel)
    assert channel.messages[0].links == ()
    assert [action.name for action in channel.messages[0].actions] == ["acknowledge", "silence"]
