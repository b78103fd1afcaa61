"""One channel of each kind, and what its service says: a new kind adds its row here and nowhere else in the tests."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.channels import configured
from shared.notifiers import NotifierKind
from tests.support.stand_ins.service import Doing, says


class Http(NamedTuple):
    """A kind that speaks HTTP to its service.

    ``accepts``: a response that means success. ``also_accepts``: statuses that mean it whatever the words. ``retried``
    and ``permanent``: statuses that the kind judges otherwise than the common rules do. ``secret``: a part of the
    settings that nobody may read anywhere. ``believes_all_but_pages``: the service names no words of a success.
    """

    settings: Mapping[str, Any]
    accepts: Doing
    secret: str
    also_accepts: frozenset[int] = frozenset()
    retried: frozenset[int] = frozenset()
    permanent: frozenset[int] = frozenset()
    believes_any_words: bool = False
    believes_all_but_pages: bool = False

    def at(self, url: str) -> dict[str, Any]:
        """The settings, with the service at ``url``."""
        return {
            name: value.replace("URL", url) if isinstance(value, str) else value
            for name, value in self.settings.items()
        }


# The service's address stands where URL does.
HTTP: Mapping[str, Http] = {
    "discord": Http(
        {"webhook_url": "URL/api/webhooks/123/s3cr3t-of-discord"},
        accepts=says(200, '{"id": "1171", "type": 0, "content": ""}'),
        secret="s3cr3t-of-discord",
    ),
    "dooray": Http(
        {"webhook_url": "URL/services/123/456/s3cr3t-of-dooray"},
        accepts=says(200, '{"header": {"isSuccessful": true, "resultCode": 0, "resultMessage": "Success"}}'),
        secret="s3cr3t-of-dooray",
    ),
    "google_chat": Http(
        {"webhook_url": "URL/v1/spaces/AAAA/messages?key=k3y-of-google&token=s3cr3t-of-google"},
        accepts=says(200, '{"name": "spaces/AAAA/messages/B.C", "thread": {"name": "spaces/AAAA/threads/B"}}'),
        secret="s3cr3t-of-google",
    ),
    "jandi": Http(
        {"webhook_url": "URL/connect-api/webhook/123/s3cr3t-of-jandi"},
        accepts=says(200, "{}"),
        secret="s3cr3t-of-jandi",
        believes_all_but_pages=True,
    ),
    "mattermost": Http(
        {"webhook_url": "URL/hooks/s3cr3t0fmattermost"}, accepts=says(200, "ok"), secret="s3cr3t0fmattermost"
    ),
    "gotify": Http(
        {"server_url": "URL", "token": "s3cr3t-of-gotify"}, accepts=says(200, '{"id": 25}'), secret="s3cr3t-of-gotify"
    ),
    "ntfy": Http(
        {"server_url": "URL", "topic": "alerts-of-ours", "token": "tk_s3cr3t-of-ntfy"},
        accepts=says(200, '{"id": "xE73Iyuabi", "event": "message"}'),
        secret="s3cr3t-of-ntfy",
        retried=frozenset({413}),
    ),
    "pagerduty": Http(
        {"api_url": "URL", "routing_key": "s3cr3tOfPagerDuty000000000000000"},
        accepts=says(202, '{"status": "success", "message": "Event processed", "dedup_key": "k"}'),
        secret="s3cr3tOfPagerDuty",
    ),
    "pushover": Http(
        {"api_url": "URL", "api_token": "s3cr3tOfPushover00000000000000", "user_key": "u" * 30},
        accepts=says(200, '{"status": 1, "request": "647d2300"}'),
        secret="s3cr3tOfPushover",
    ),
    "slack": Http(
        {"webhook_url": "URL/services/T000/B000/s3cr3t-of-slack"}, accepts=says(200, "ok"), secret="s3cr3t-of-slack"
    ),
    "teams": Http(
        {"webhook_url": "URL/workflows/1/triggers/manual/paths/invoke?api-version=1&sig=s3cr3t-of-teams"},
        accepts=says(202),
        secret="s3cr3t-of-teams",
        also_accepts=frozenset({202, 204}),
        believes_all_but_pages=True,
    ),
    "webhook": Http(
        {"url": "URL/hook/s3cr3t-of-webhook", "headers": {"Authorization": "Bearer s3cr3t-of-webhook"}},
        accepts=says(200, "thanks"),
        secret="s3cr3t-of-webhook",
        also_accepts=frozenset({201, 202, 204}),
        retried=frozenset({404, 405}),
        believes_any_words=True,
    ),
}
# Kinds that speak HTTP through a library, or none; their own tests have their stand-ins.
OTHERS: Mapping[str, Mapping[str, Any]] = {
    "apprise": {"url": "signals://signal.example/+15551234567/+15557654321"},
    "console": {},
    "email": {"url": "smtp://ops:hunter2-mail@127.0.0.1:9", "from": "Ops <ops@example.com>", "to": "kim@example.com"},
    "sns": {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:alerts"},
    "telegram": {"bot_token": "123456:ABC-DEF_ghi", "chat_id": -100123},
}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    **OTHERS,
    **{kind: row.at("http://127.0.0.1:9") for kind, row in HTTP.items()},
}


def channel_at(url: str, kind: str, **fields: Any) -> NotifierKind:
    """A channel of this kind whose service is at ``url``; ``fields`` replace or add some."""
    described = {"kind": kind, **HTTP[kind].at(url), **fields}
    return configured({"CHANNELS": json.dumps({"ops": described})})["ops"]
