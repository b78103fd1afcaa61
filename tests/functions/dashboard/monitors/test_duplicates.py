"""A duplicate of a monitor: it has all that the other one has, except its name and its secrets."""

import re
from typing import Any

import pytest

from shared.store import Store
from tests.functions.api import Api
from tests.functions.dashboard.conftest import Browser, location
from tests.functions.dashboard.made import URL, text
from tests.functions.dashboard.monitors.filled import filled

pytestmark = pytest.mark.slow

NEW = "/dashboard/monitors/new"
WITHOUT_A_PLACE: dict[str, Any] = {
    "quorum": 2,
    "public": True,
    "hide_url": False,
    "max_redirects": 0,
    "user_agent": "Agent 7",
    "http_version": "2",
    "connection": "reuse",
    "ip_version": 6,
    "digest_auth": {"username": "u", "password": "${MONITOR_PASSWORD}"},
}
WITH_A_PLACE: dict[str, Any] = {
    "body": "a\r\n",
    "tags": ["a, b"],
    "keyword": " ready ",
    "max_body": 10,
    "channels": ["kind:slack"],
}
SECRETS: dict[str, Any] = {
    "digest_auth": {"username": "u", "password": "s3cret"},
    "oauth2": {"token_url": "https://id.example/", "client_id": "a", "client_secret": "s3cret"},
    "headers": {"X-Api-Key": "s3cret"},
}


def made(api: Api, **policy: Any) -> None:
    response = api.call("POST", "/monitors", {"name": "shop", "url": URL, **policy})
    assert response.status_code == 201, response.text


def test_a_duplicate_has_every_field(signed_in: Browser, api: Api, store: Store) -> None:
    made(api, **WITHOUT_A_PLACE, **WITH_A_PLACE)
    page = signed_in.page(f"{NEW}?from=1")
    assert "not copied" not in text(page)
    assert location(signed_in.send(NEW, **filled(page))) == "/dashboard/monitors/2"
    one, two = store.monitors.get(1).policy, store.monitors.get(2).policy
    assert one is not None
    assert two == one.model_copy(update={"name": "shop (copy)"})


def test_a_duplicate_that_is_tried_first_has_them_too(signed_in: Browser, api: Api, store: Store) -> None:
    made(api, **WITHOUT_A_PLACE, **WITH_A_PLACE)
    typed = filled(signed_in.page(f"{NEW}?from=1"))
    refused = signed_in.send(NEW, **{**typed, "interval": ["soon"]})
    assert refused.status_code == 422
    typed = filled(refused.text) | {"interval": ["1m"], "try": ["1"]}
    path = location(signed_in.send(NEW, **typed)).partition("#")[0]
    # The second one is that of a trial which is over an hour old.
    for name, tried in (("in time", path), ("late", re.sub(r"trial=\d+", "trial=7", path))):
        typed = filled(signed_in.page(tried)) | {"name": [name]}
        number = location(signed_in.send(NEW, **typed)).rpartition("/")[2]
        policy = store.monitors.get(int(number)).policy
        assert policy is not None
        assert (policy.quorum, policy.user_agent, policy.body) == (2, "Agent 7", "a\r\n")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            [
                "Secrets are not copied. Type them again: OAuth 2: client secret, Headers.",
                "Not copied, since it holds a secret and has no field here: digest_auth. The API can set it.",
            ],
        ),
        (
            "ko",
            [
                "비밀 값은 복사하지 않습니다. 다시 입력하세요: OAuth 2: 클라이언트 비밀, 헤더.",
                "비밀 값이 들어 있고 여기에 칸이 없어 복사하지 않습니다: digest_auth. API로 넣을 수 있습니다.",
            ],
        ),
    ],
)
def test_a_duplicate_says_which_secrets_it_lacks(
    signed_in: Browser, api: Api, store: Store, language: str, said: list[str]
) -> None:
    made(api, **SECRETS, quorum=2)
    token = signed_in.token()
    signed_in.headers["Accept-Language"] = language
    page = signed_in.page(f"{NEW}?from=1")
    assert [sentence for sentence in said if sentence in text(page)] == said
    assert '<details id="rest" open>' in page, "they are typed there"
    assert "s3cret" not in page
    typed = filled(page) | {"csrf": [token]}
    assert signed_in.post(NEW, **typed).status_code == 422, "it lacks them"
    typed |= {"oauth2.client_secret": ["an0ther"], "headers": ["X-Api-Key: an0ther"]}
    refused = signed_in.post(NEW, **{**typed, "interval": ["soon"]})
    assert [sentence for sentence in said if sentence in text(refused.text)] == said[1:]
    assert location(signed_in.post(NEW, **typed)) == "/dashboard/monitors/2"
    policy = store.monitors.get(2).policy
    assert policy is not None
    assert policy.oauth2 is not None
    assert (policy.oauth2.client_secret, policy.headers) == ("an0ther", {"X-Api-Key": "an0ther"})
    assert (policy.digest_auth, policy.quorum) == (None, 2)


def test_a_secret_that_was_tried_is_not_asked_for_again(signed_in: Browser, api: Api, store: Store) -> None:
    made(api, **SECRETS, basic_auth={"username": "u", "password": "s3cret"})
    typed = filled(signed_in.page(f"{NEW}?from=1")) | {
        "basic_auth.password": ["an0ther"],
        "headers": ["X-Api-Key: an0ther"],
        "oauth2.token_url": [""],
        "oauth2.client_id": [""],
        "try": ["1"],
    }
    tried = signed_in.page(location(signed_in.send(NEW, **typed)).partition("#")[0])
    lacks = "Type them again: OAuth 2: client secret."
    assert lacks in text(tried)
    refused = signed_in.send(NEW, **{**filled(tried), "interval": ["soon"]})
    assert lacks in text(refused.text)
    assert signed_in.send(NEW, **filled(refused.text) | {"interval": ["1m"]}).status_code == 303
    policy = store.monitors.get(2).policy
    assert policy is not None
    assert policy.basic_auth is not None
    assert (policy.basic_auth.password, policy.headers) == ("an0ther", {"X-Api-Key": "an0ther"})


def test_a_duplicate_of_another_kind_has_what_that_may_have(signed_in: Browser, api: Api, store: Store) -> None:
    made(api, **WITHOUT_A_PLACE)
    other = signed_in.send(NEW, **filled(signed_in.page(f"{NEW}?from=1")), show="heartbeat").text
    assert location(signed_in.send(NEW, **filled(other))) == "/dashboard/monitors/2"
    policy = store.monitors.get(2).policy
    assert policy is not None
    assert (policy.kind, policy.public) == ("heartbeat", True)
    assert (policy.quorum, policy.user_agent) == ("majority", None), "a heartbeat has neither"


def test_a_duplicate_is_watched_and_has_its_own_token(signed_in: Browser, api: Api, store: Store) -> None:
    heartbeat = {"name": "backup", "heartbeat": {"period": "1d", "grace": "2h"}, "enabled": False}
    assert api.call("POST", "/monitors", heartbeat).status_code == 201
    assert signed_in.send(NEW, **filled(signed_in.page(f"{NEW}?from=1"))).status_code == 303
    one, two = store.monitors.get(1).policy, store.monitors.get(2).policy
    assert one is not None
    assert two is not None
    assert one.heartbeat is not None
    assert two.heartbeat is not None
    assert (two.enabled, two.heartbeat.grace) == (True, one.heartbeat.grace)
    assert two.heartbeat.token not in (None, one.heartbeat.token)


@pytest.mark.parametrize("source", ["7", "x", "9" * 30])
def test_a_duplicate_of_nothing_is_404(signed_in: Browser, source: str) -> None:
    assert signed_in.get(f"{NEW}?from={source}").status_code == 404
    assert signed_in.send(NEW, **{"kind": "http", "url": URL, "from": source}).status_code == 404
