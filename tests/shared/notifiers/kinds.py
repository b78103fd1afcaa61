"""One channel of each kind, and what its service says: a new kind adds its row here and nowhere else in the tests."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.support.stand_ins.service import Doing, says


class Http(NamedTuple):
    """A kind that speaks HTTP to its service.

    ``accepts``: a response that means success. ``also_accepts``: statuses that mean it whatever the words. ``retried``
    and ``permanent``: statuses that the kind judges otherwise than the common rules do. ``secret``: a part of the
    settings that nobody may read anywhere.
    """

    settings: Mapping[str, Any]
    accepts: Doing
    secret: str
    also_accepts: frozenset[int] = frozenset()
    retried: frozenset[int] = frozenset()
    permanent: frozenset[int] = frozenset()
    believes_any_words: bool = False

    def at(self, url: str) -> dict[str, Any]:
        """The settings, with the service at ``url``."""
        return {
            name: value.replace("URL", url) if isinstance(value, str) else value
            for name, value in self.settings.items()
        }


# The service's address stands where URL does.
HTTP: Mapping[str, Http] = {
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
    "console": {},
    "sns": {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:alerts"},
    "telegram": {"bot_token": "123456:ABC-DEF_ghi", "chat_id": -100123},
}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    **OTHERS,
    **{kind: row.at("http://127.0.0.1:9") for kind, row in HTTP.items()},
}
