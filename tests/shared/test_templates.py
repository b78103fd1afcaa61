"""Templates: the operator's own words, and what no template can do."""

import re

import pytest

from shared import ROOT
from shared.messages.sandbox import TemplateFailed, render
from shared.messages.templates import VARIABLES, check, rendered
from shared.models.message import Message
from shared.notifiers.services.webhook.contents import variables_of
from tests.shared.notifiers.messages import HOSTILE, LINKS, message

VALUES = dict.fromkeys(VARIABLES, "x")


def with_templates(about: Message, title: str | None = None, text: str | None = None) -> Message:
    return rendered(about, title=title, text=text, channel="ops")


def test_every_variable_has_a_value() -> None:
    text = "\n".join(f"{name}={{{{ {name} }}}}" for name in VARIABLES)
    made = with_templates(message("RECOVERY", links=LINKS), text=text)
    assert made.template is not None
    assert made.template.splitlines() == [
        "kind=RECOVERY",
        "monitor=Shop",
        "group=",
        "cause=HTTP 503 Service Unavailable",
        "since=2025-01-08 12:00:00 UTC",
        "duration=5 min",
        "ended_at=2025-01-08 12:05:00 UTC",
        "by=",
        "alert_id=7",
        "notification_id=17",
        "target_url=https://shop.example/",
        "url=https://shop.example/",
        "ack_url=https://b.example/act/a-token",
        "alert_url=https://b.example/dashboard/alerts/7",
        "language=en",
        "channel=ops",
    ]


@pytest.mark.parametrize("readme", ["README.md", "README.ko.md"])
def test_the_table_of_the_manual_has_every_variable(readme: str) -> None:
    manual = (ROOT / "shared" / "notifiers" / readme).read_text("utf-8")
    [table] = re.findall(r"\n## (?:Templates|템플릿)\n(.*?)\n## ", manual, re.DOTALL)
    named = re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in table.splitlines() if row.startswith("| `")))
    assert sorted(named) == sorted({*VARIABLES, *variables_of(Message.of_text(""))})


def test_a_title_begins_with_the_kind_s_word_and_a_body_ends_with_the_number() -> None:
    made = with_templates(message(), title="{{ monitor }}\nis\tdown", text="{{ cause }}")
    assert made.title == "OUTAGE Shop is down"
    assert made.body == "HTTP 503 Service Unavailable\n#17"
    assert made.text == "OUTAGE Shop is down · HTTP 503 Service Unavailable · #17"


def test_a_title_alone_leaves_the_rest_as_it_is() -> None:
    made = with_templates(message(), title="{{ kind }}: {{ monitor }}")
    assert made.text.startswith("OUTAGE: Shop · cause: HTTP 503")
    assert made.body == message().body


def test_what_others_wrote_is_no_template() -> None:
    made = with_templates(
        message(subject="{{ 7*7 }}", cause=HOSTILE, cause_data=None), text="{{ monitor }} {{ cause }}"
    )
    assert made.body.startswith("{{ 7*7 }} <!here> @everyone")
    assert "49" not in made.body


def test_korean_words() -> None:
    assert with_templates(message(language="ko"), title="{{ monitor }}").title == "장애 Shop"


@pytest.mark.parametrize(
    "template",
    [
        "{{ kind }} {{ monitor|upper }}",
        "{% if group %}{{ group }}: {% endif %}{{ cause|truncate(80) }}",
        "{{ alert_id + 1 }} {{ by|default('nobody', true) }}",
        '{"text": {{ cause|tojson }}}',
        "{% for letter in monitor %}{{ letter }} {% endfor %}",
    ],
)
def test_what_a_template_is_for(template: str) -> None:
    check(template)


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ moniter }}", r"unknown variable moniter: one of kind, monitor"),
        ("{{ monitor", "unexpected end of template"),
        ("{% include '/etc/passwd' %}", "include is not for templates"),
        ("{% import 'x' as y %}", "import is not for templates"),
        ("{% macro m() %}{% endmacro %}", "macro is not for templates"),
        ("{{ monitor.upper() }}", "call is not for templates"),
        ("{{ monitor.__class__ }}", "__class__ is not for templates"),
        ("{{ monitor['__class__'] }}", "__class__ is not for templates"),
        ("{{ ''|attr('__class__') }}", "attr"),
        ("{{ 'x' * 1000000000 }}", r"\* is not for this"),
        ("{{ '%1000000000d' % 1 }}", "% is not for this"),
        ("{{ 9 ** 999999 }}", r"\*\* is not for this"),
        ("{% for letter in monitor %}", "(?i)unexpected end of template"),
        (
            "{% for a in url %}{% for b in url %}{% for c in url %}{% set d = a %}{% endfor %}{% endfor %}{% endfor %}",
            "more than 10000 steps",
        ),
        ("{% for a in url %}{{ '" + "x" * 900 + "' }}{% endfor %}", "more than 10000 characters"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ alert_id + monitor }}", "unsupported operand"),
    ],
)
def test_what_no_template_can_do(template: str, why: str) -> None:
    with pytest.raises(TemplateFailed, match=why):
        check(template)


def test_a_template_that_fails_only_now_says_why() -> None:
    with pytest.raises(TemplateFailed, match="division by zero"):
        render("{{ 1 / (alert_id - 7) }}", {**VALUES, "alert_id": 7})
