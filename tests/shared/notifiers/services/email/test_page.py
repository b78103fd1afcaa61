"""A mail as people see it: the page in a real browser, as narrow as a phone, light and dark, in both languages."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from shared.models.message import Link, Message
from shared.notifiers.services.email.page import page_of
from tests.shared.notifiers.messages import HOSTILE, LINKS, listed, message

WIDTH = 360
KOREAN = tuple(
    Link(link.action, label, link.url) for link, label in zip(LINKS, ("확인", "1시간 조용히", "열기"), strict=True)
)
MESSAGES = {
    "outage": message(links=LINKS),
    "outage-ko": message(links=KOREAN, language="ko", subject="주문 결제 서버와 그 데이터베이스"),
    "recovery": message("RECOVERY", links=LINKS),
    "degraded": message("DEGRADED", links=LINKS),
    "list": listed(30),
    "hostile": message(subject=HOSTILE, cause="x" * 300, cause_data=None, links=LINKS),
    "test": Message.of_text("TEST Bonghwa can reach this channel · 2025-01-08 12:00:00 UTC"),
}
# How wide the page is, its lowest contrast and its smallest button. It says so in the page itself.
MEASURES = """<script>
const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b };
const parts = text => text.match(/[\\d.]+/g).map(Number);
const ground = e => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] > 0) return c.slice(0, 3) } return [255, 255, 255] };
const shown = [...document.body.querySelectorAll('h1,p,a')].filter(e => e.innerText);
const ratios = shown.map(e => { const [a, b] = [light(parts(getComputedStyle(e).color).slice(0, 3)), light(ground(e))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) });
const found = { width: document.documentElement.scrollWidth, contrast: Math.min(...ratios),
  text: document.body.innerText, ground: ground(document.body),
  height: Math.min(...[...document.links].map(e => e.offsetHeight)) };
document.title = JSON.stringify(found);
</script>"""


class Elements(HTMLParser):
    """The elements of an HTML page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value for name, value in attrs if name in ("href", "src", "background", "srcset")]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_page_loads_nothing_and_links_only_to_our_own(name: str) -> None:
    elements = Elements()
    page = page_of(MESSAGES[name])
    elements.feed(page)
    assert elements.tags <= {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "div",
        "table",
        "tr",
        "td",
        "h1",
        "p",
        "a",
    }
    assert not any(attribute.startswith("on") for attribute in elements.attributes)
    assert elements.addresses == [link.url for link in MESSAGES[name].links]
    assert not re.search(r"url\(|@import", page)


def test_nothing_that_others_wrote_is_markup() -> None:
    page = page_of(message(subject="<b>x</b>\"'", cause="</p><script>1</script>", cause_data=None))
    assert "&lt;b&gt;x&lt;/b&gt;&quot;&#x27;" in page
    assert "&lt;/p&gt;&lt;script&gt;1&lt;/script&gt;" in page


def test_an_address_cannot_leave_its_attribute() -> None:
    page = page_of(message(links=(Link("open", "<Open>", 'https://b.example/?a=1&b="><img src=x>'),)))
    assert 'href="https://b.example/?a=1&amp;b=&quot;&gt;&lt;img src=x&gt;"' in page
    assert "&lt;Open&gt;" in page


def test_a_template_s_lines_stay_lines() -> None:
    page = page_of(message()._replace(template="Dear all,\n<b>Shop</b> is down."))
    assert "Dear all,\n&lt;b&gt;Shop&lt;/b&gt; is down.</p>" in page
    assert ">#17</p>" in page
    assert "Cause" not in page


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_every_page_reads_well_on_a_phone(tmp_path: Path, is_dark: bool) -> None:
    for name, found in seen_on_a_phone(tmp_path, is_dark=is_dark).items():
        assert found["width"] <= WIDTH, name
        assert found["contrast"] >= 4.5, name
        assert (sum(found["ground"]) < 200) == is_dark, name
        if MESSAGES[name].links:
            assert found["height"] >= 44, name
        shown = " ".join(found["text"].split())
        assert " ".join(MESSAGES[name].title.split()) in shown
        assert all(fact.value in shown for fact in MESSAGES[name].facts), name


def seen_on_a_phone(tmp_path: Path, *, is_dark: bool) -> Mapping[str, Any]:
    """Each page's measures, in a frame as wide as a phone: a browser's window cannot be so narrow."""
    outside = tmp_path / "phones.html"
    frames = []
    for name, about in MESSAGES.items():
        (tmp_path / f"{name}.html").write_text(page_of(about).replace("</body>", f"{MEASURES}</body>"))
        frames.append(f'<iframe id="{name}" src="{name}.html" width="{WIDTH}"></iframe>')
    script = """<script>onload = () => document.title = JSON.stringify(Object.fromEntries(
        [...document.querySelectorAll('iframe')].map(e => [e.id, JSON.parse(e.contentDocument.title)])))</script>"""
    outside.write_text(f"<title></title>{''.join(frames)}{script}")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--dump-dom"]
    scheme = f"--blink-settings=preferredColorScheme={0 if is_dark else 1}"
    command = ["chromium", *options, scheme, f"--user-data-dir={tmp_path / 'profile'}", outside.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title, done.stdout
    found: dict[str, Any] = json.loads(unescape(title[1]))
    return found
