"""Channels that are bridged by Apprise, and how sending through one ends."""

import importlib.util
import json
import time

import pytest

from shared.channels import configured
from shared.models.message import Message
from shared.notifiers import NotifierKind, SendFailed
from tests.support.stand_ins.service import Service

NEEDS_APPRISE = pytest.mark.skipif(not importlib.util.find_spec("apprise"), reason="apprise is not installed")
SECONDS = 0.5
# The time that a busy machine may add.
LEEWAY = 2.0
# A URL for each service whose answers people meet most, and what it says if it took the message. HOST is its address;
# services without it are asked where the service really is, which the tests lead to the stand-in.
SERVICES = {
    "signal://HOST/+15551234567/+15557654321": "{}",
    "bark://HOST/s3cr3t-device": "{}",
    "hassio://HOST/s3cr3t-token": "{}",
    "rocket://s3cr3t-user:s3cr3t-hook@HOST/#alerts?mode=token": '{"success": true}',
    "dingtalk://s3cr3ttokenofdingtalk00": '{"errcode": 0}',
    "wecombot://s3cr3t-key-of-wecom-00000": '{"errcode": 0}',
    "feishu://s3cr3ttokenoffeishu00": '{"code": 0}',
    "lark://s3cr3t-token-of-lark-000": '{"code": 0}',
    "zulip://bot@example/s3cr3ts3cr3ts3cr3ts3cr3ts3cr3t00/alerts": "{}",
    "twilio://ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:s3cr3ts3cr3ts3cr3ts3cr3ts3cr3t00@15551234567/15557654321": "{}",
}
SIGNAL = "signal://HOST/+15551234567/+15557654321"


def channel(url: str) -> NotifierKind:
    return configured({"CHANNELS": json.dumps({"ops": {"kind": "apprise", "url": url}})})["ops"]


def at(url: str, service: Service) -> NotifierKind:
    return channel(url.replace("HOST", f"127.0.0.1:{service.port}"))


def outcome(notifier: NotifierKind, about: Message, seconds: float = SECONDS) -> str:
    began = time.monotonic()
    try:
        said, result = notifier.send(about, timeout_seconds=seconds).answer, "accepted"
    except SendFailed as failed:
        wait = "" if failed.retry_after is None else f" after {failed.retry_after:g}"
        said, result = str(failed), "failed" if failed.is_permanent else f"retry{wait}"
    assert time.monotonic() - began < seconds + LEEWAY
    assert "s3cr3t" not in said + repr(notifier)
    return result
