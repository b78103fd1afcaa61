"""Words for people who act on an alert: the page behind a link, answers in a chat, messages that are edited.

Apart from the other words, so that no other function loads them.
"""

from collections.abc import Mapping

from shared.words import Language

_EN: Mapping[str, str] = {
    # the page behind a link
    "acknowledge": "I have it",
    "acknowledge_means": "This stops reminders and says that somebody is on it, as “{by}”.",
    "silence": "Silence for 1 hour",
    "silence_means": "Messages about {subject} are held back for an hour. What still matters is sent at its end.",
    "link_until": "The link works until {time}, and for this alert only.",
    "link_expired": "This link has expired",
    "link_lasts": "A link in a message works for 7 days.",
    "link_unknown": "There is no such link",
    "link_whole": "Open the link exactly as it stands in the message.",
    "since": "since {time}",
    "over": "It ended at {time}.",
    "somebody": "Somebody",
    "acknowledged": "«{name}» has it since {time}",
    "silenced": "«{name}» has silenced it until {time}",
    # answers in a chat
    "alert": "alert {id}",
    "alert_unknown": "There is no such alert. /status lists those that are open.",
    "message_unknown": "This button belongs to no message that I know.",
    "more_alerts": "and {count} more",
    "monitor_unknown": "There is no monitor {name}.",
    "monitors_alike": "Similar names: {names}",
    "no_alerts": "No alert is open.",
    "not_a_monitor": "This alert is not about a monitor.",
    "nothing_changed": "Nothing has changed.",
    "over_already": "It ended at {time}",
    "too_many_moves": "It was moved too often. Try again in {seconds} s.",
    "usage_ack": "Write /ack and the number of an alert, as /status shows it, or of a message: /ack 7 or /ack #17",
    "usage_silence": "Write /silence, the name of a monitor, and for how long: /silence shop 1h",
    "you_have_it": "You have it",
    # a message that is edited, and the one after it
    "status": "Now",
    "acknowledged_by": "Acknowledged by",
    "ended": "ended at {time}",
}

_KO: Mapping[str, str] = {
    # the page behind a link
    "acknowledge": "제가 확인합니다",
    "acknowledge_means": "재알림이 멈추고, 누군가 대응 중이라고 “{by}” 이름으로 표시됩니다.",
    "silence": "1시간 무음",
    "silence_means": "{subject}에 관한 메시지를 1시간 동안 보류합니다. 끝날 때 여전히 의미 있는 것만 보냅니다.",
    "link_until": "이 링크는 {time}까지, 이 알림에만 쓸 수 있습니다.",
    "link_expired": "만료된 링크입니다",
    "link_lasts": "메시지의 링크는 7일 동안 쓸 수 있습니다.",
    "link_unknown": "없는 링크입니다",
    "link_whole": "메시지에 있는 링크를 그대로 여세요.",
    "since": "{time}부터",
    "over": "{time}에 끝났습니다.",
    "somebody": "누군가",
    "acknowledged": "{time}부터 «{name}» 님이 확인 중",
    "silenced": "«{name}» 님이 {time}까지 무음으로 함",
    # answers in a chat
    "alert": "알림 {id}",
    "alert_unknown": "그런 알림이 없습니다. 열린 알림은 /status로 볼 수 있습니다.",
    "message_unknown": "제가 아는 메시지의 버튼이 아닙니다.",
    "more_alerts": "그 밖에 {count}개",
    "monitor_unknown": "{name} 모니터가 없습니다.",
    "monitors_alike": "비슷한 이름: {names}",
    "no_alerts": "열린 알림이 없습니다.",
    "not_a_monitor": "모니터에 관한 알림이 아닙니다.",
    "nothing_changed": "바뀐 것이 없습니다.",
    "over_already": "{time}에 끝났습니다",
    "too_many_moves": "너무 자주 바꿨습니다. {seconds}초 뒤에 다시 해 보세요.",
    "usage_ack": "/ack 뒤에 /status가 보여 주는 알림 번호나 메시지 번호를 적으세요: /ack 7 또는 /ack #17",
    "usage_silence": "/silence 뒤에 모니터 이름과 시간을 적으세요: /silence shop 1h",
    "you_have_it": "확인 담당이 되었습니다",
    # a message that is edited, and the one after it
    "status": "현재",
    "acknowledged_by": "확인한 사람",
    "ended": "{time}에 끝남",
}


def acting_words(language: Language) -> Mapping[str, str]:
    """The words of a language, by code. A text names its parameters as ``str.format`` does."""
    return _KO if language == "ko" else _EN
