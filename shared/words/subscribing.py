"""Words for subscribers to a status page by mail: the form, what it answers, and the mails.

Apart from the other words, so that only what needs them loads them.
"""

from shared.words import Language
from shared.words.pages import Texts

_EN: Texts = {
    # what the form answers
    "asked": "Check your mailbox",
    "asked_more": "If this address does not get our mails yet, one is on its way to it, unless it got three of "
    "them today. The link in it confirms that you want our mails, and works for a day.",
    "not_address": "That is not a mail address",
    "not_address_more": "Expected an address like kim@example.com.",
    "too_often": "Too many requests to subscribe",
    "too_often_more": "Try again in an hour.",
    "back": "To the status page",
    # the pages behind the links
    "confirm": "Get mail about {title}",
    "confirm_more": "We mail {address} when a service fails and when it works again, about incidents, and about "
    "planned maintenance.",
    "do_confirm": "Yes, mail me",
    "confirmed": "You are subscribed",
    "confirmed_more": "Each mail has a link that ends the subscription at once.",
    "expired": "This link no longer works",
    "expired_more": "A link that confirms works for a day. Subscribe again on the status page.",
    "end": "End the mails about {title}",
    "end_more": "We delete your address from its subscribers, and mail you nothing more about it.",
    "do_end": "Unsubscribe",
    "ended": "You are not subscribed",
    "ended_more": "You get no more mail about {title}.",
    # the mails
    "mail_confirm": "Confirm that you want mail about {title}",
    "mail_confirm_more": "Somebody, probably you, asked that this address gets mail about {title}: when a service "
    "fails and when it works again, about incidents, and about planned maintenance.\n\nIf that was not you, do "
    "nothing: we delete the address within a day.",
    "to_confirm": "Confirm",
    "to_page": "See the status page",
    "to_end": "Unsubscribe",
    "some_down": ("{n} service is down", "{n} services are down"),
    "some_over": ("{n} service works again", "{n} services work again"),
    "down_line": "{name}: {cause}, since {time}",
    "over_line": "{name}: {from_time} – {to_time}, lasted {duration}",
    "incident_line": "{state}, {time}",
    "planned": "Planned maintenance",
    "planned_named": "Planned maintenance: {name}",
    "planned_line": "{from_time} – {to_time}",
    "moved": "Planned maintenance was moved",
    "moved_named": "Planned maintenance was moved: {name}",
    "moved_line": "Before: {from_time} – {to_time}",
    "cancelled": "Planned maintenance is cancelled",
    "cancelled_named": "Planned maintenance is cancelled: {name}",
}

_KO: Texts = {
    # what the form answers
    "asked": "메일함을 확인해 주세요",
    "asked_more": "아직 구독하지 않은 주소라면 곧 메일이 도착합니다(확인 메일은 하루 세 통까지 보냅니다). 그 안의 "
    "링크를 눌러 구독을 확인해 주세요. 링크는 하루 동안 쓸 수 있습니다.",
    "not_address": "올바른 메일 주소가 아닙니다",
    "not_address_more": "kim@example.com 같은 주소를 적어 주세요.",
    "too_often": "구독 요청이 너무 많습니다",
    "too_often_more": "한 시간 뒤에 다시 시도해 주세요.",
    "back": "상태 페이지로",
    # the pages behind the links
    "confirm": "{title} 소식을 메일로 받기",
    "confirm_more": "서비스에 장애가 생기거나 복구될 때, 그리고 공지와 예정된 점검이 있을 때 {address} 주소로 "
    "메일을 보냅니다.",
    "do_confirm": "네, 받겠습니다",
    "confirmed": "구독했습니다",
    "confirmed_more": "모든 메일에 구독을 바로 해지하는 링크가 있습니다.",
    "expired": "더 이상 쓸 수 없는 링크입니다",
    "expired_more": "구독을 확인하는 링크는 하루 동안 쓸 수 있습니다. 상태 페이지에서 다시 구독해 주세요.",
    "end": "{title} 메일 구독 해지",
    "end_more": "이 페이지의 구독자에서 주소를 삭제하고, 이 페이지에 대한 메일을 더는 보내지 않습니다.",
    "do_end": "구독 해지",
    "ended": "구독 중이 아닙니다",
    "ended_more": "{title} 소식을 더는 메일로 보내지 않습니다.",
    # the mails
    "mail_confirm": "{title} 메일 구독을 확인해 주세요",
    "mail_confirm_more": "이 주소로 {title} 소식을 받겠다는 요청이 있었습니다. 서비스에 장애가 생기거나 복구될 때, "
    "그리고 공지와 예정된 점검이 있을 때 메일을 보냅니다.\n\n요청하신 적이 없다면 그냥 두세요. 주소는 하루 안에 "
    "삭제됩니다.",
    "to_confirm": "구독 확인",
    "to_page": "상태 페이지 보기",
    "to_end": "구독 해지",
    "some_down": ("서비스 {n}개 장애", "서비스 {n}개 장애"),
    "some_over": ("서비스 {n}개 복구", "서비스 {n}개 복구"),
    "down_line": "{name}: {cause}. {time}부터",
    "over_line": "{name}: {from_time} – {to_time}, {duration} 동안",
    "incident_line": "{state}, {time}",
    "planned": "예정된 점검",
    "planned_named": "예정된 점검: {name}",
    "planned_line": "{from_time} – {to_time}",
    "moved": "점검 일정 변경",
    "moved_named": "점검 일정 변경: {name}",
    "moved_line": "변경 전: {from_time} – {to_time}",
    "cancelled": "점검 취소",
    "cancelled_named": "점검 취소: {name}",
}


def subscribing_words(language: Language) -> Texts:
    """The words of a language, by code."""
    return _KO if language == "ko" else _EN
