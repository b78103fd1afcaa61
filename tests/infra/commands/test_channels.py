"""``python -m infra channels`` lists what people can configure."""

import json

import pytest
import yaml

from shared.notifiers import kind_named, kinds
from tests.infra.command_line import infra as run

pytestmark = pytest.mark.slow


def test_every_kind_is_listed_with_its_fields_and_an_example() -> None:
    listed = json.loads(run("channels", "--json").stdout)
    assert [each["kind"] for each in listed] == list(kinds())
    for each in listed:
        fields = kind_named(each["kind"]).fields()
        assert list(each["fields"]) == list(fields)
        [example] = yaml.safe_load(each["example"]).values()
        assert set(example) == {"kind", *(name for name, field in fields.items() if field.is_required())}
        assert each["description"].endswith(".")


def test_secrets_come_from_the_environment_in_an_example() -> None:
    assert 'bot_token: "${OPS_BOT_TOKEN}", chat_id: …' in run("channels", "telegram").stdout


def test_the_text_is_for_people() -> None:
    text = run("channels").stdout
    assert text.startswith(("apprise: ", "console: "))
    assert "slack: Slack, through an incoming webhook.\n  webhook_url " in text
    assert "Fields of every kind: title, text, language, only, quiet_hours, delay." in text


def test_an_unknown_kind_is_named_with_the_nearest() -> None:
    refused = run("channels", "slak")
    assert refused.returncode == 1
    assert refused.stderr == "bonghwa: kind is 'slak': expected a kind of channel, perhaps slack\n"
