"""What people read, in English and Korean. Pure: the time zone in which times are shown is handed in."""

import re
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from shared.models import Alert, AlertKind, Notification, NotificationKind

Language = Literal["en", "ko"]
# Four parts of this length, in characters of two UTF-16 units each, stay within Telegram's 4,096.
MAX_PART = 300

_JOINER = "\u200d"
# A zero-width joiner that does not hold two signs together, as in 👩‍🚒, only makes two names look alike.
# Compiled when a text is first composed: that takes 4 ms, and most cold starts compose none.
_LOOSE_JOINER = "(?<![\u203c-\U0001faff])\u200d|\u200d(?![\u203c-\U0001faff])"

# The agent's causes in Korean; what it does not know stays as it was reported.
_CAUSES_KO = (
    (r"no check arrives from it", "점검이 도착하지 않음"),
    (r"every check failed, and so did the connectivity check", "모든 점검과 연결 확인이 실패함"),
    (r"connection refused", "연결이 거부됨"),
    (r"host not found: (.+)", r"호스트를 찾을 수 없음: \1"),
    (r"no answer within (\S+) s", r"\1초 안에 응답 없음"),
    (r"the answer did not end within (\S+) s", r"응답이 \1초 안에 끝나지 않음"),
    (r"the answer did not end within (\S+) MiB", r"응답이 \1 MiB 안에 끝나지 않음"),
    (r"certificate expired on (\S+)", r"인증서가 \1에 만료됨"),
    (r"certificate expired", "인증서가 만료됨"),
    (r"certificate is not valid before (\S+)", r"인증서가 \1부터 유효함"),
    (r"certificate is not valid yet", "인증서가 아직 유효하지 않음"),
    (r"certificate is for another host than (.+)", r"인증서가 다른 호스트의 것임 (대상: \1)"),
    (r"certificate is self-signed", "자체 서명된 인증서임"),
    (r"certificate issuer is not trusted", "인증서 발급자를 신뢰할 수 없음"),
    (r"TLS handshake failed: (.+)", r"TLS 연결 실패: \1"),
    (r"more than 10 redirects", "리다이렉트가 10번을 넘음"),
    (r"not an HTTP answer", "HTTP 응답이 아님"),
    (r"connection closed without an answer", "응답 없이 연결이 닫힘"),
    (r"connection reset", "연결이 끊김"),
    (r"the answer ended early", "응답이 도중에 끝남"),
    (r"the answer's headers are too large", "응답 헤더가 너무 큼"),
    (r"network unreachable", "네트워크에 연결할 수 없음"),
    (r"host unreachable", "호스트에 연결할 수 없음"),
    (r"not a valid URL", "올바른 URL이 아님"),
    (r"only http and https are looked at", "http와 https만 점검함"),
    (r"(HTTP \d{3}.*)", r"\1"),
    (r"the proxy answered (.+)", r"프록시의 응답: \1"),
    (r"connection failed: (.+)", r"연결 실패: \1"),
    (r"refused: (\S+) is a cloud metadata address", r"거부됨: \1 - 클라우드 메타데이터 주소"),
    (r"refused: (\S+) is a link-local address", r"거부됨: \1 - 링크 로컬 주소"),
    (r"refused: (\S+) is a multicast address", r"거부됨: \1 - 멀티캐스트 주소"),
    (r"refused: (\S+) is a private address \((\S+) is off\)", r"거부됨: \1 - 사설 주소 (\2 꺼짐)"),
    (r"proxy refused: (\S+) is .+", r"프록시 거부됨: \1 - 점검이 연결하지 않는 주소"),
    (r"could not resolve proxy: (.+)", r"프록시를 찾을 수 없음: \1"),
)


_KINDS_KO = {
    NotificationKind.OUTAGE: "장애",
    NotificationKind.RECOVERY: "복구",
    NotificationKind.CHANNEL_REFUSED: "채널 거부",
    NotificationKind.AGENT_SILENT: "에이전트 무응답",
    NotificationKind.LOCATION_OFFLINE: "위치 오프라인",
}
_SUBJECTS: dict[Language, dict[AlertKind, str]] = {
    "en": {
        AlertKind.CHANNEL_REFUSED: "channel",
        AlertKind.AGENT_SILENT: "agent",
        AlertKind.LOCATION_OFFLINE: "location",
    },
    "ko": {
        AlertKind.CHANNEL_REFUSED: "채널",
        AlertKind.AGENT_SILENT: "에이전트",
        AlertKind.LOCATION_OFFLINE: "위치",
    },
}


def compose(alert: Alert, notification: Notification, language: Language, zone: tzinfo | None = None) -> str:
    """The text of a message, one line that begins with its kind and ends with the notification's id.

    ``zone``: in which times are shown; None is this machine's own.
    """
    cause = one_line(alert.cause or "")
    since = f"{alert.failed_at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
    by = one_line(notification.actor or "")
    lasted = duration(notification.occurred_at - alert.failed_at, language)
    is_recovery = notification.kind is NotificationKind.RECOVERY
    if language == "ko":
        cause = _in_korean(cause) or "알 수 없음"
        by_hand = f" · {by} 님이 직접 해결 처리함" if by else " · 직접 해결 처리함"
        text = f" · 원인: {cause} · 시작: {since}"
        text += f" · 지속 시간: {lasted}" if is_recovery else ""
    else:
        by_hand = f" · resolved by hand by {by}" if by else " · resolved by hand"
        text = f" · cause: {cause or 'unknown'} · since {since}"
        text += f" · lasted {lasted}" if is_recovery else ""
    text += by_hand if notification.is_manual else ""
    return f"{_title(alert, notification.kind, language)}{text} · #{notification.id}"


def _title(alert: Alert, kind: NotificationKind, language: Language) -> str:
    word = _KINDS_KO[kind] if language == "ko" else kind
    name, target = one_line(alert.subject), one_line(alert.target_url or "")
    if kind is NotificationKind.RECOVERY and alert.kind is not AlertKind.OUTAGE:
        # Else nobody could tell whether it is a monitor, a channel or an agent that is well again.
        name = f"{_SUBJECTS[language][alert.kind]} {name}"
    return f"{word} {name}" if target in ("", name) else f"{word} {name} ({target})"


def compose_about_backend(
    *,
    is_reached: bool,
    backend_url: str,
    agent: str,
    since: datetime,
    at: datetime,
    language: Language,
    zone: tzinfo | None = None,
) -> str:
    """The text by which an agent itself tells that it cannot reach the backend ``since`` then, or can again ``at``.

    No notification is owed for it, so none is named at its end. ``zone``: as for ``compose``.
    """
    backend, name = one_line(backend_url), one_line(agent)
    began = f"{since.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
    lasted = duration(at - since, language)
    if language == "ko":
        text = f"복구 백엔드 {backend}" if is_reached else f"백엔드 연결 불가 {backend}"
        text += f" · 에이전트: {name} · 시작: {began}"
        return f"{text} · 지속 시간: {lasted}" if is_reached else text
    text = f"RECOVERY backend {backend}" if is_reached else f"BACKEND_UNREACHABLE {backend}"
    text += f" · agent: {name} · since {began}"
    return f"{text} · lasted {lasted}" if is_reached else text


def compose_test(at: datetime, language: Language, zone: tzinfo | None = None) -> str:
    """The text by which somebody tries out a channel. ``zone``: as for ``compose``."""
    when = f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
    if language == "ko":
        return f"시험 이 채널은 봉화의 메시지를 받습니다 · {when}"
    return f"TEST this channel takes the messages of Bonghwa · {when}"


def one_line(text: str) -> str:
    """``text`` with only what can be seen, in one line, cut to MAX_PART characters.

    Whatever Unicode counts as control, format (marks that turn the direction of text, what has no width, tags),
    separator, private, surrogate or unassigned becomes a space: what a target or an operator wrote stays inside its
    place in the line, and a terminal obeys none of it.
    """
    text = re.sub(_LOOSE_JOINER, " ", text)
    text = "".join(each if each.isprintable() or each == _JOINER else " " for each in text)
    text = " ".join(text.split())
    return text if len(text) <= MAX_PART else f"{text[: MAX_PART - 1]}…"


def duration(length: timedelta, language: Language) -> str:
    """A duration in its two largest units: ``2 h 5 min``, ``45 s``; ``2시간 5분``, ``45초``."""
    seconds = max(0, round(length.total_seconds()))
    units = ((86_400, " d", "일"), (3_600, " h", "시간"), (60, " min", "분"), (1, " s", "초"))
    parts = []
    for size, english, korean in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{korean if language == 'ko' else english}")
    return " ".join(parts[:2]) or ("0초" if language == "ko" else "0 s")


def _in_korean(cause: str) -> str:
    for pattern, korean in _CAUSES_KO:
        match = re.fullmatch(pattern, cause)
        if match:
            return match.expand(korean)
    return cause
