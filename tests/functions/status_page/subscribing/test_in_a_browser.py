"""The form and the links in mails, as a browser without scripts uses them."""

from collections.abc import Callable

import pytest

from tests.functions.api import Api, served
from tests.functions.status_page.subscribing.mailbox import VISITOR, down, link, mails, one_click, run, shop
from tests.support.running.browser import Browser, needs_chromium
from tests.support.running.waiting import wait_until

pytestmark = [needs_chromium, pytest.mark.slow]


def said(page: Browser, title: str) -> None:
    wait_until(
        lambda: page.run("document.readyState == 'complete' && document.querySelector('h1')?.innerText") == title
    )


def test_a_browser_subscribes_and_ends_it_without_scripts(
    api: Api, environ: Callable[..., None], page: Browser
) -> None:
    with shop(api, environ) as server, served(api) as root:
        page.open(f"{root}/status?lang=en", has_script=False)
        page.act("document.querySelector('#mail summary').focus()")
        page.press("Enter")
        wait_until(lambda: page.run("document.querySelector('#mail').open"))
        # The protocol types in place of a person.
        page.act("document.querySelector('#address').focus()")
        page.call("Input.insertText", text=VISITOR)
        page.press("Enter")
        said(page, "Check your mailbox")
        run(api)
        page.open(f"{root}{link(mails(server)[0], 'Confirm')}", has_script=False)
        said(page, "Get mail about The shop")
        page.act("document.querySelector('main button').focus()")
        page.press("Enter")
        said(page, "You are subscribed")
        down(api, "Checkout")
        run(api)
        page.open(f"{root}{one_click(mails(server)[1])}", has_script=False)
        page.act("document.querySelector('main button').focus()")
        page.press("Enter")
        said(page, "You are not subscribed")
        assert page.troubles == []
