"""The language of a subscription, and of what the form answers, is that of the form."""

import re
from collections.abc import Callable
from urllib.parse import urljoin

import pytest

from tests.functions.api import Api
from tests.functions.status_page.subscribing.mailbox import (
    VISITOR,
    ask,
    down,
    follow,
    link,
    mails,
    run,
    shop,
    subscribed,
    text,
)
from tests.functions.status_page.watched import opened

pytestmark = pytest.mark.slow

Environ = Callable[..., None]


def test_a_subscription_has_its_language(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server, lang="ko")
        down(api, "Checkout")
        run(api)
        confirmation, outage = mails(server)
        assert confirmation["Subject"] == "The shop 메일 구독을 확인해 주세요"
        assert outage["Subject"] == "Checkout 장애 · The shop"
        assert "작동하지 않습니다" in text(outage)
        assert '<html lang="ko">' in follow(api, "GET", link(outage, "구독 해지")).text


@pytest.mark.parametrize("slug", ["", "/other"])
def test_the_forms_answer_has_the_forms_language(api: Api, environ: Environ, slug: str) -> None:
    with shop(api, environ):
        opened(api, status_pages={"other": {"title": "Other", "groups": ["Shop"]}})
        for address, said in ((VISITOR, "메일함을 확인해 주세요"), ("kim", "올바른 메일 주소가 아닙니다")):
            answer = ask(api, address, path=f"/status{slug}/subscribe", lang="ko")
            assert said in answer.text
            links = re.findall(rf'href="((?:\.\./)+status{slug}\?lang=..)"', answer.text)
            assert {href[-2:] for href in links} == {"ko", "en"}, "back to the page, and to it in the other language"
            for href in links:
                path = urljoin(f"/status{slug}/subscribe", href)
                assert follow(api, "GET", path).status_code == 200
