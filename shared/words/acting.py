"""What people read when they act on an alert: the page behind a link, and the answers in a chat.

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
}

_KO: Mapping[str, str] = {
    # the page behind a link
    "acknowledge": "제가 확인합니다",
    "acknowledge_means": "재알림이 멈추고, 누군가 대응 중이라고 “{by}” 이름으로 표시됩니다.",
    "silence": "1시간 동안 조용히",
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
    "silenced": "«{name}» 님이 {time}까지 조용히 함",
}


def acting_words(language: Language) -> Mapping[str, str]:
    """The words of a language, by code. A text names its parameters as ``str.format`` does."""
    return _KO if language == "ko" else _EN
