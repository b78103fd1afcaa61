"""A pressed button: it acts if it belongs to a message of ours about that alert, in a chat that a channel names."""

from functions.receive_telegram.doing import Chat, Done, Outcome, acknowledge, silence
from functions.receive_telegram.updates import Press

# Telegram's own limit, in characters.
_LONGEST = 200


def answer_to_press(press: Press, chat: Chat) -> Done:
    """Do what the button is for; the answer ends its spinning and says how it went."""
    outcome = _do(press, chat)
    return Done(
        {"method": "answerCallbackQuery", "callback_query_id": press.query_id, "text": outcome.text[:_LONGEST]},
        outcome.notification_ids,
    )


def _do(press: Press, chat: Chat) -> Outcome:
    # Earlier versions kept the message's number without its chat.
    ids = {press.message_id, *(f"{each}/{press.message_id}" for each in press.chats)}
    has_message, configured = chat.store.alerts.has_message, chat.channels
    if press.alert_id is None or not has_message(press.alert_id, chat.own, ids, configured=configured):
        return Outcome(chat.words("message_unknown"))
    do = acknowledge if press.action == "ack" else silence
    return do(chat, press.alert_id, by=press.by, once=press.name)
