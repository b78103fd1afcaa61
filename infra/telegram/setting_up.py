"""The steps of ``python -m infra telegram``, and its words: a line each. A "!" begins what is left to do."""

import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.telegram.chats import chats_in
from shared.channels import FROM_VARIABLES, read
from shared.messages import compose_test
from shared.models import now
from shared.models.message import Message
from shared.notifiers import SendFailed
from shared.notifiers.services.telegram import TelegramNotifier
from shared.notifiers.services.telegram.probing import KINDS_OF_UPDATES, call
from shared.settings import Settings

SECONDS = 10.0
SECRET = "TELEGRAM_WEBHOOK_SECRET"  # noqa: S105  # a name
_API_URL = "https://api.telegram.org"
# Telegram posts to no other port.
_PORTS = (443, 80, 88, 8443)


def set_up(environ: Mapping[str, str], env_file: Path, *, public_url: str | None, is_tested: bool) -> Iterator[str]:
    """Find the chats, set the webhook if others can reach the system, and send a test.

    ``public_url``: where Telegram reaches the system; None: PUBLIC_URL. A TELEGRAM_WEBHOOK_SECRET that is missing is
    made and written into ``env_file``.

    Raises:
        SettingError: a setting is malformed.
    """
    settings = Settings.from_env(environ)
    channels = [(name, each) for name, each in read(environ)[0].items() if isinstance(each, TelegramNotifier)]
    bots = {(each.bot_token.get_secret_value(), each.api_url) for _, each in channels}
    if (token := environ.get(FROM_VARIABLES["telegram"]["bot_token"], "").strip()) and not bots:
        # The chat is what is still to be found.
        bots = {(token, environ.get(FROM_VARIABLES["telegram"]["api_url"], "").strip().rstrip("/") or _API_URL)}
    if not bots:
        yield "! no bot: talk to @BotFather in Telegram, /newbot, and put its token into .env as TELEGRAM_BOT_TOKEN"
        return
    secret = settings.telegram_webhook_secret.get_secret_value() if settings.telegram_webhook_secret else None
    root = public_url or settings.public_url
    for token, api_url in sorted(bots):
        yield from _of_bot(token, api_url, configured={each.chat_id for _, each in channels})
        if not settings.telegram_polling and root is not None:
            if secret is None:
                secret, line = _made(env_file)
                yield line
            if secret is None:
                return
            yield from _webhook(token, api_url, root, secret)
        else:
            yield from _without_webhook(token, api_url, is_polled=settings.telegram_polling)
    for name, notifier in channels if is_tested else ():
        yield _test(name, notifier, settings)


def _of_bot(token: str, api_url: str, configured: set[str]) -> Iterator[str]:
    bot = _ask(token, api_url, "getMe")
    if not bot.get("ok"):
        yield f"! Telegram refuses the token: {bot.get('description', '?')}"
        return
    name = bot["result"].get("username", "?")
    yield f"the bot is @{name}"
    hook = _ask(token, api_url, "getWebhookInfo").get("result") or {}
    if hook.get("url"):
        yield "its chats can only be listed while it has no webhook"
        return
    found = chats_in(
        _ask(token, api_url, "getUpdates", allowed_updates=[*KINDS_OF_UPDATES, "my_chat_member"]).get("result") or []
    )
    yield from (f"{chat.line}{'  (set)' if str(chat.chat_id) in configured else ''}" for chat in found)
    if not found and not configured:
        yield f"! no chat yet: write something to @{name}, or add it to a group, and run this again"
    elif not configured:
        yield "! put one of these into .env, and run this again"


def _webhook(token: str, api_url: str, root: str, secret: str) -> Iterator[str]:
    url = f"{root}/telegram"
    parts = urlsplit(url)
    if parts.scheme != "https" or (parts.port or 443) not in _PORTS:
        ports = ", ".join(map(str, _PORTS))
        yield f"! Telegram posts to https:// at the ports {ports} only, not to {root}: TELEGRAM_POLLING=true works"
        return
    said = _ask(token, api_url, "setWebhook", url=url, secret_token=secret, allowed_updates=KINDS_OF_UPDATES)
    if not said.get("ok"):
        yield f"! the webhook is not set: {said.get('description', '?')}"
        return
    found = _ask(token, api_url, "getWebhookInfo").get("result") or {}
    if found.get("url") != url:
        yield f"! the webhook is {found.get('url') or 'not set'}: expected {url}"
        return
    yield f"the webhook is {url}"
    if trouble := found.get("last_error_message"):
        yield f"! Telegram could not post there: {trouble}"


def _without_webhook(token: str, api_url: str, *, is_polled: bool) -> Iterator[str]:
    if not is_polled:
        yield "buttons need PUBLIC_URL (or --url), or TELEGRAM_POLLING=true on this machine"
        return
    hook = _ask(token, api_url, "getWebhookInfo").get("result") or {}
    if not hook.get("url"):
        yield "make run fetches what is pressed"
        return
    # Otherwise Telegram refuses every getUpdates.
    said = _ask(token, api_url, "deleteWebhook")
    yield (
        "the webhook is taken away: make run fetches what is pressed"
        if said.get("ok")
        else (f"! the webhook is still set: {said.get('description', '?')}")
    )


def _test(name: str, notifier: TelegramNotifier, settings: Settings) -> str:
    text = compose_test(now(), settings.message_language)
    try:
        accepted = notifier.send(Message.of_text(text, settings.message_language), timeout_seconds=SECONDS)
    except SendFailed as failure:
        return f"! {name} did not take a test: {failure}"
    return f"{name} took a test: {accepted.answer}"


def _ask(token: str, api_url: str, method: str, **fields: Any) -> dict[str, Any]:
    import requests

    try:
        found = call(token, api_url, method, SECONDS, **fields)
    except requests.RequestException as error:
        # Its text holds the URL, and so the token.
        return {"description": f"it is not reached: {type(error).__name__}"}
    said = str(found.get("description", ""))
    return {**found, "description": said.replace(token, "(hidden)")} if said else found


def _made(env_file: Path) -> tuple[str | None, str]:
    """A new secret, and the line that says that it is in the file; None, if it cannot be written there.

    A webhook with it would be of no use: the system, which does not know it, would refuse what Telegram posts.
    """
    secret = secrets.token_urlsafe(32)
    try:
        _write(env_file, secret)
    except OSError:
        todo = f"add {SECRET}={secret} to your settings, start again, and run this again"
        return None, f"! {SECRET} is not set, and {env_file.name} cannot be written: {todo}"
    return secret, f"{SECRET} is made and written into {env_file}: start or deploy the system again"


def _write(file: Path, secret: str) -> None:
    """Set the secret in a file of settings, which only its owner can read."""
    file = file.resolve()  # a link stays a link
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    line = f"{SECRET}={secret}"
    pattern = rf"(?m)^{SECRET}=.*$"
    text = re.sub(pattern, line, text, count=1) if re.search(pattern, text) else f"{text.rstrip()}\n{line}\n".lstrip()
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as new:
            new.write(text)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
