"""A message, also if composing fails: one without its details is better than none."""

import logging
from collections.abc import Sequence
from datetime import datetime

from shared.links import Links
from shared.logs import step
from shared.messages import compose_short, compose_short_list, message_about, page_label, update_about
from shared.models import Alert, Notification
from shared.models.channel import Preferences
from shared.models.message import Circumstances, Link, Message
from shared.store import Owed
from shared.words import Language


def compose_owed(
    listed: Sequence[Owed],
    language: Language,
    circumstances: Circumstances | None = None,
    preferences: Preferences | None = None,
    links: Links | None = None,
    *,
    at: datetime | None = None,
) -> tuple[Message, str]:
    """The message about one notification, or the list of several, and what the log must say about it.

    ``preferences``: the channel's own language and templates, if it has any. ``links``: makes those that are valid from
    ``at``; None if there are none.
    """
    wishes = preferences or Preferences()
    language = wishes.language or language
    edited = listed[0].edited
    pairs = [(owed.alert, owed.edited or owed.notification) for owed in listed]
    remark = f" (a list of {len(pairs)})" if len(pairs) > 1 else ""
    try:
        if edited is None:
            message = message_about(pairs, language, circumstances=circumstances)
        else:
            message = update_about(
                listed[0].alert, listed[0].notification, edited, language, circumstances=circumstances
            )
        message = _with_links(message, links, at) if links and at else message
    except Exception as defect:  # noqa: BLE001  # see above
        step("server", "message_not_composed", level=logging.ERROR, failure=True, notification_id=pairs[0][1].id)
        remark += f" (a short text, because composing failed: {type(defect).__name__})"
        return _short(listed, pairs, language), remark
    is_own = message.is_list or pairs[0][0].summary is not None
    if is_own or (wishes.title is None and wishes.text is None):
        return message, remark
    message, failure = _in_own_words(message, wishes, pairs[0][1].channel)
    return message, remark + failure


def _short(listed: Sequence[Owed], pairs: Sequence[tuple[Alert, Notification]], language: Language) -> Message:
    """The rest of a message that could not be composed."""
    text = compose_short(*pairs[0]) if len(pairs) == 1 else compose_short_list(pairs)
    first, numbers = listed[0], tuple(notification.id for _, notification in pairs)
    short = Message.of_text(text, language)
    short = short._replace(notification=first.notification, alert=first.alert, edited=first.edited)
    return short if len(pairs) == 1 else short._replace(is_list=True, numbers=numbers)


def _in_own_words(message: Message, wishes: Preferences, channel: str) -> tuple[Message, str]:
    """The message with the channel's templates, and what the log must say if they failed."""
    # Imported here: few channels have a template.
    from shared.messages.sandbox import TemplateFailed
    from shared.messages.templates import rendered

    try:
        return rendered(message, title=wishes.title, text=wishes.text, channel=channel), ""
    except TemplateFailed as failed:
        return message, f" (template failed: {failed}; built-in text sent)"


def _with_links(message: Message, links: Links, at: datetime) -> Message:
    """The message with a link for each thing that one can do, and one to the alert's page.

    A list has none: a link is about one alert. A summary has none either, since no alert is behind it.
    """
    if message.is_list or message.alert is None or message.notification is None or message.alert.summary is not None:
        return message
    alert_id, channel = message.alert.id, message.notification.channel
    acting = (
        Link(action.name, action.label, links.url(alert_id, action.name, channel, at=at)) for action in message.actions
    )
    page = Link("open", page_label(message.language), links.page(alert_id))
    return message._replace(links=(*acting, page))
