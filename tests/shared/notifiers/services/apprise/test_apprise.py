"""Apprise: which URLs are refused, and what a plugin's word and a service's answer mean together.

Most of it needs Apprise, which is no part of the requirements.
"""

import json
import logging
import sys
import threading
from typing import Any

import pytest

from shared.channels import configured
from shared.notifiers.services.apprise.schemas import FORGETFUL, OVER_WEBSOCKETS, OWN_KINDS, VERSION, modules
from shared.settings import SettingError
from tests.shared.notifiers.messages import LINKS, message
from tests.shared.notifiers.services.apprise.bridged import (
    NEEDS_APPRISE,
    SERVICES,
    SIGNAL,
    at,
    channel,
    outcome,
)
from tests.support.stand_ins.service import (
    Doing,
    Service,
    answers_100_megabytes,
    closes,
    drips_body,
    drips_headers,
    hangs,
    says,
    speaks_garbage,
)

pytestmark = pytest.mark.slow

# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schema", OWN_KINDS)
def test_a_service_with_a_kind_of_its_own_is_sent_there(schema: str) -> None:
    with pytest.raises(SettingError, match=f"expected a channel of the kind {OWN_KINDS[schema]}, which {schema}://"):
        channel(f"{schema.upper()}://s3cr3t")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://host", f"a service of Apprise {VERSION} that speaks HTTP, which mqtt:// is not"),
        ("nostr://s3cr3t", f"a service of Apprise {VERSION} that speaks HTTP, which nostr:// is not"),
        ("https://discord.com/api/webhooks/1/s3cr3t", f"a service of Apprise {VERSION} that speaks HTTP"),
        ("opsgenie://s3cr3t", "another service: through Apprise, opsgenie:// loses the end of an alert"),
        ("bark://host/s3cr3t?retry=3", "a URL without the option retry, which does not hold here"),
        ("bark://host/s3cr3t?a=b&Verify=no", "a URL without the option verify"),
        ("bark://host/s3cr3t?method=GET", "a URL without the option method"),
        ("bark://", "a URL of Apprise's with one recipient"),
        ("bark", "a URL of Apprise's with one recipient"),
        ("bark://host\r\n/s3cr3t", "a URL of Apprise's with one recipient"),
    ],
)
def test_a_url_that_the_bridge_does_not_keep_its_word_for_is_refused(url: str, expected: str) -> None:
    with pytest.raises(SettingError) as raised:
        channel(url)
    assert str(raised.value).startswith(f"CHANNELS.ops.url is '(hidden)': expected {expected}")
    assert "s3cr3t" not in str(raised.value)


def test_thirty_channels_load_no_library() -> None:
    before = set(sys.modules)
    described = {f"n{number}": {"kind": "apprise", "url": f"bark://host/{number}"} for number in range(30)}
    assert len(configured({"CHANNELS": json.dumps(described)})) == 31
    assert not {name.partition(".")[0] for name in set(sys.modules) - before} & {"apprise", "requests", "pycurl"}


@NEEDS_APPRISE
@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("signal://host/+15551234567/+15557654321/+15557654322", "this signal:// URL has 2 recipients"),
        ("twilio://s3cr3t", "Apprise does not understand this twilio:// URL"),
    ],
)
def test_a_url_that_only_apprise_can_read_is_refused_before_it_is_needed(url: str, found: str) -> None:
    with pytest.raises(SettingError, match=found):
        channel(url).refuse_missing_library()
    assert channel(url).probe(1).found.startswith(found)
    assert outcome(channel(url), message()) == "failed"


@NEEDS_APPRISE
def test_the_bridge_knows_every_schema_of_apprise_that_speaks_http() -> None:
    from apprise.manager_plugins import NotificationManager

    manager: Any = NotificationManager()  # type: ignore[no-untyped-call]  # Apprise says little of its types
    speaking = {}
    for schema in manager.schemas(include_disabled=True):
        rooms = [parent.__module__ for parent in manager[schema].__mro__]
        own = [room for room in rooms if room.startswith("apprise.plugins.") and hasattr(sys.modules[room], "requests")]
        if own:
            speaking[schema] = manager[schema].__module__.removeprefix("apprise.plugins.")
    assert modules() == {
        schema: module
        for schema, module in speaking.items()
        if schema not in {*OWN_KINDS, *FORGETFUL, *OVER_WEBSOCKETS}
    }


# --- the message --------------------------------------------------------------------------------------------------


@NEEDS_APPRISE
def test_a_message_is_plain_text_without_pictures(service: Service) -> None:
    at(SIGNAL, service).send(message(links=LINKS), timeout_seconds=5)
    [sent] = service.bodies
    assert sent["message"].startswith("OUTAGE Shop (https://shop.example/)\nCause: HTTP 503 Service Unavailable\n")
    assert "\n#17\nAcknowledge: https://b.example/act/a-token\n" in sent["message"]
    assert sent["recipients"] == ["+15557654321"]
    assert service.requests[0].headers["User-Agent"] == "Bonghwa"
    assert b"apprise" not in service.requests[0].body.lower()


@NEEDS_APPRISE
def test_a_long_message_becomes_a_short_one_that_keeps_its_number(service: Service) -> None:
    url = next(url for url in SERVICES if url.startswith("twilio"))
    at(url, service).send(message(subject="s" * 200, links=LINKS), timeout_seconds=5)
    [sent] = service.requests
    text = dict(pair.split("=") for pair in sent.body.decode().split("&"))["Body"]
    assert text.startswith("OUTAGE+sss")
    assert text.endswith("%E2%80%A6+%2317")


# --- outcomes -----------------------------------------------------------------------------------------------------


@NEEDS_APPRISE
@pytest.mark.parametrize("url", SERVICES)
@pytest.mark.parametrize(
    ("doing", "expected"),
    [
        (says(200, '{"ok": false, "errcode": 310000, "code": 19001, "success": false}'), "retry"),
        (says(201), "accepted"),
        (says(202), "accepted"),
        (says(204), "accepted"),
        (says(302, "", {"Location": "http://127.0.0.1:9/s3cr3t"}), "failed"),
        (says(400, "no"), "failed"),
        (says(401, "s3cr3t"), "failed"),
        (says(404, "no"), "failed"),
        (says(403, "<html>Log in</html>"), "retry"),
        (says(408), "retry"),
        (says(429, "", {"Retry-After": "17"}), "retry after 17"),
        (says(429, '{"retry_after": 2.5}'), "retry after 2.5"),
        (says(500), "retry"),
        (says(503, "", {"Retry-After": "5"}), "retry after 5"),
        (closes, "retry"),
        (hangs, "retry"),
        (drips_body, "retry"),
        (drips_headers, "retry"),
        (speaks_garbage, "retry"),
    ],
)
def test_an_answer_means(service: Service, url: str, doing: Doing, expected: str) -> None:
    notifier = at(url, service)
    notifier.get_ready()
    service.queue = [says(200, SERVICES[url])]
    assert outcome(notifier, message(), 5) == "accepted"
    service.queue, service.requests = [doing], []
    assert outcome(notifier, message()) == expected
    assert len(service.requests) == 1


@NEEDS_APPRISE
@pytest.mark.parametrize(
    "words",
    ['{"ok": false}', '{"success": false}', '{"error": "no"}', '{"status": "error"}', '{"errcode": 93000}'],
)
def test_a_success_in_words_that_say_no_is_tried_five_times_more(service: Service, words: str) -> None:
    service.usual = says(200, words)
    notifier = at(SIGNAL, service)
    assert [outcome(notifier, message(attempts=attempts), 5) for attempts in (1, 5, 6)] == ["retry", "retry", "failed"]


@NEEDS_APPRISE
def test_no_more_than_64_kib_are_read(service: Service) -> None:
    service.queue = [answers_100_megabytes]
    assert outcome(at(SIGNAL, service), message(), 5) == "accepted"


@NEEDS_APPRISE
def test_a_service_that_refuses_connections_is_tried_again(service: Service) -> None:
    service.is_down = True
    assert outcome(at(SIGNAL, service), message()) == "retry"


@NEEDS_APPRISE
def test_a_login_alone_is_no_message(service: Service) -> None:
    """Matrix gives a token first. Without one, the plugin gives up after that one answer."""
    service.usual = says(202, "{}")
    assert outcome(at("matrix://me:s3cr3t-pass@HOST/#alerts?v=3", service), message(), 5) == "retry"


@NEEDS_APPRISE
def test_nothing_is_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    service.usual = says(401, "s3cr3t")
    with caplog.at_level(logging.DEBUG):
        outcome(at(next(iter(SERVICES)), service), message(), 5)
    assert [record for record in caplog.records if record.name.startswith("apprise")] == []


@NEEDS_APPRISE
def test_sends_at_the_same_time_do_not_mix(service: Service) -> None:
    """Each of eight threads meets its own answer, with plugins that they share one after the other."""
    answers = {"accepted": says(200, "{}"), "failed": says(401, "no"), "retry": says(500)}
    service.usual = lambda exchange: answers[exchange.path.split("/")[1]](exchange)
    notifiers = {name: channel(f"apprise://127.0.0.1:{service.port}/{name}/token") for name in answers}
    met: list[tuple[str, str]] = []

    def send(name: str) -> None:
        met.extend((name, outcome(notifiers[name], message(), 10)) for _ in range(10))

    threads = [threading.Thread(target=send, args=(name,)) for name in [*answers] * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(met) == 90
    assert all(name == result for name, result in met)
