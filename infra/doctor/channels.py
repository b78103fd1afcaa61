"""Inside: whether each channel would take a message; none is sent unless that is asked for."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from infra.doctor.findings import Finding, failure, ok, warning
from shared.messages import Language, compose_test
from shared.models import now
from shared.notifiers import Notifier, SendFailed
from shared.notifiers.sns import SnsNotifier
from shared.notifiers.telegram import TelegramNotifier

SECONDS = 10.0


def examine_channels(channels: Mapping[str, Notifier], language: Language, *, is_test_sent: bool) -> Iterator[Finding]:
    """How each channel is, side by side; ``is_test_sent``: through each a test message goes out."""
    if set(channels) <= {"console"}:
        yield warning(
            "channels",
            "only the console is on: who does not look at it is not told",
            expected="a channel that reaches somebody",
            fix="TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID, or SNS_TOPIC_ARN; README.md says how",
        )
    # Nobody waits for the slowest twice.
    with ThreadPoolExecutor(len(channels) or 1) as pool:
        looks = [pool.submit(_examine, *each, language, is_test_sent=is_test_sent) for each in channels.items()]
        for look in looks:
            yield from look.result()


def _examine(name: str, notifier: Notifier, language: Language, *, is_test_sent: bool) -> list[Finding]:
    looked = list(_LOOKS[name](notifier))
    return [*looked, _test(name, notifier, language)] if is_test_sent else looked


def _test(name: str, notifier: Notifier, language: Language) -> Finding:
    try:
        answer = notifier.send(compose_test(now(), language), timeout_seconds=SECONDS)
    except SendFailed as failed:
        return failure(
            "channels",
            f"{name} did not take a test message: {failed}",
            expected="that it takes one",
            fix=f"the settings of {name} in .env; README.md says where each is from",
        )
    return ok("channels", f"{name} took a test message: {answer}")


def _console(_: Notifier) -> Iterator[Finding]:
    yield ok("channels", "console is on")


def _telegram(notifier: Notifier) -> Iterator[Finding]:
    assert isinstance(notifier, TelegramNotifier)  # noqa: S101  # the channel's name says so
    try:
        bot = _ask(notifier, "getMe")
        if not bot.get("ok"):
            fix = "TELEGRAM_BOT_TOKEN=… as BotFather's /token gives it"
            yield failure("channels", _refused("the token", bot), expected="a bot's token", fix=fix)
            return
        chat = _ask(notifier, "getChat", chat_id=notifier.chat_id)
    except requests.RequestException as error:
        # Not its text, which holds the URL and so the token.
        yield failure(
            "channels",
            f"Telegram is not reached: {type(error).__name__}",
            expected=f"an answer from {notifier.api_url}",
            fix=f"curl -sS {notifier.api_url} shows why",
        )
        return
    result = bot.get("result")
    name = result.get("username", "?") if isinstance(result, dict) else "?"
    if not chat.get("ok"):
        fix = f"TELEGRAM_CHAT_ID=…, and let somebody there write to @{name} or add it"
        yield failure("channels", _refused("the chat", chat), expected=f"a chat that @{name} is in", fix=fix)
    else:
        yield ok("channels", f"telegram: @{name} may write to the chat {notifier.chat_id}")


def _ask(notifier: TelegramNotifier, method: str, **fields: str) -> dict[str, Any]:
    url = f"{notifier.api_url}/bot{notifier.token.get_secret_value()}/{method}"
    answer = requests.post(url, json=fields, timeout=SECONDS, allow_redirects=False)
    try:
        found = answer.json()
    except requests.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else {"description": f"HTTP {answer.status_code}, and no JSON"}


def _refused(what: str, answer: Mapping[str, Any]) -> str:
    return f"Telegram refuses {what}: {answer.get('description', '?')}"


def _sns(notifier: Notifier) -> Iterator[Finding]:
    assert isinstance(notifier, SnsNotifier)  # noqa: S101  # the channel's name says so
    # Imported here: only who has the channel has the library.
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    arn = notifier.topic_arn
    config = Config(connect_timeout=SECONDS / 2, read_timeout=SECONDS / 2, retries={"total_max_attempts": 1})
    try:
        client: Any = botocore.session.get_session().create_client("sns", region_name=notifier.region, config=config)
        attributes = client.get_topic_attributes(TopicArn=arn)["Attributes"]
    except NoCredentialsError:
        yield failure(
            "channels", "sns: there are no AWS credentials", expected="a role, or credentials", fix="aws configure"
        )
    except ClientError as error:
        yield _sns_refused(arn, notifier.region, error.response["Error"])
    except BotoCoreError as error:
        fix = f"aws sns get-topic-attributes --region {notifier.region} --topic-arn {arn}"
        yield failure("channels", f"sns: {type(error).__name__}", expected="an answer from SNS", fix=fix)
    else:
        yield _subscribed(arn, attributes)


def _sns_refused(arn: str, region: str, error: Mapping[str, Any]) -> Finding:
    code, said = error.get("Code", "?"), error.get("Message", "")
    if code in ("AuthorizationError", "AccessDenied", "AccessDeniedException"):
        # What it may do is publish: it need not be allowed to look at the topic.
        found = f"sns: whether the topic is there cannot be asked: {said}"
        fix = ".venv/bin/python -m infra doctor --send-test"
        return warning("channels", found, expected="sns:Publish on it, which a test message shows", fix=fix)
    fix = f"aws sns create-topic --region {region} --name {arn.rpartition(':')[2]}, or SNS_TOPIC_ARN=…"
    if code not in ("NotFound", "NotFoundException"):
        fix = "aws sts get-caller-identity shows who asks"
    return failure("channels", f"sns: {code}: {said}", expected=f"the topic {arn}", fix=fix)


def _subscribed(arn: str, attributes: Mapping[str, str]) -> Finding:
    confirmed = int(attributes.get("SubscriptionsConfirmed", 0))
    if confirmed:
        return ok("channels", f"sns: the topic is there, with {confirmed} confirmed subscriptions")
    return warning(
        "channels",
        "sns: the topic is there, and nobody's subscription is confirmed",
        expected="somebody who gets the messages",
        fix=f"aws sns subscribe --topic-arn {arn} --protocol email --notification-endpoint …",
    )


_LOOKS: dict[str, Callable[[Notifier], Iterator[Finding]]] = {"console": _console, "sns": _sns, "telegram": _telegram}
