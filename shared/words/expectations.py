"""The expectations of a policy's fields, as the model says them in English, for people who read Korean.

The model, the file and the API say it in English alone. A text that is not known here stays as it is.
"""

import re
from collections.abc import Sequence

from shared.words import Language

# The English texts as patterns, and the Korean ones with the same parts. The first that fits counts.
_KOREAN: Sequence[tuple[str, str]] = (
    # any field
    (r"a value, since it has to be there", "값이 꼭 있어야 합니다"),
    (r"text", "글"),
    (r"text that is not empty", "비어 있지 않은 글"),
    (r"text on one line that can be seen", "보이는 글 한 줄"),
    (r"text without NUL characters", "NUL 문자가 없는 글"),
    (r"text that fits (.+)", "{0}에 맞는 글"),
    (r"letters, digits and the signs (.+)", "영문자, 숫자와 기호 {0}"),
    (r"at most (\d+) characters", "최대 {0}자"),
    (r"at most (\d+) in the list", "최대 {0}개"),
    (r"at least (\d+) in the list", "{0}개 이상"),
    (r"a list", "목록"),
    (r"a mapping, keys and values", "이름과 값의 짝"),
    (r"a whole number", "정수"),
    (r"(\d+) or more", "{0} 이상"),
    (r"(\d+) or less", "{0} 이하"),
    (r"true or false", "true 또는 false"),
    (r"an ISO 8601 date and time", "ISO 8601 날짜와 시각"),
    (r"a duration such as (\S+) or (\S+), at most (\S+)", "{0}, {1} 같은 시간, 최대 {2}"),
    (r"a duration such as (\S+) or (\S+)", "{0}, {1} 같은 시간"),
    (r"a duration of (.+) or more", "{0} 이상의 시간"),
    (r"a method in capitals, such as GET", "GET처럼 대문자로 쓴 메서드"),
    (r"(\S+), the nearest known field", "가장 비슷한 필드는 {0}"),
    (r"the name of a known field", "알려진 필드 이름"),
    # secrets and placeholders
    (
        r"the secret itself, since (\S+) could send it to another server",
        "비밀 값 자체: {0} 때문에 다른 서버로 보내질 수 있습니다",
    ),
    (
        r"the secret itself, since (\S+) stands for none that is stored here",
        "비밀 값 자체: {0}에 해당하는 저장된 값이 없습니다",
    ),
    (r"placeholders whose names begin with (\S+), such as (\S+)", "이름이 {0}(으)로 시작하는 자리표시자. 예: {1}"),
    # what is watched
    (r"a URL that begins with (.+)", "다음으로 시작하는 URL: {0}"),
    (r"a URL on one line, without unprintable characters", "보이지 않는 문자가 없는 한 줄짜리 URL"),
    (r"a URL such as (\S+), with a port of at most 65535 if it has one", "{0} 같은 URL. 포트를 쓴다면 65535 이하"),
    (
        r"a host without blanks and with a name between any two dots, such as (\S+)",
        "공백이 없고 점 사이마다 이름이 있는 호스트, 예: {0}",
    ),
    (r"a URL with a host, such as (\S+)", "{0}처럼 호스트가 있는 URL"),
    (r"a URL with a port, such as (\S+)", "{0}처럼 포트가 있는 URL"),
    (r"one of url, dns or heartbeat", "주소, DNS 질문, 하트비트 중 하나"),
    (r"a url such as (\S+) beside dns, or none at all", "DNS와 함께라면 {0} 같은 주소, 또는 빈칸"),
    (r"either a heartbeat or a url, since .+", "하트비트와 주소 중 하나. 하트비트에는 요청을 보내지 않습니다"),
    (r"what is asked, such as (.+)", "{0} 같은 질문"),
    (r"none in a monitor of kind (\w+), since only (.+) can use it", "{0} 모니터에서는 빈칸. {1}에서만 씁니다"),
    (r"only (.+) in a monitor of kind (\w+)", "{1} 모니터에서는 {0}만"),
    (r"other monitors than the monitor itself", "자신이 아닌 다른 모니터"),
    (r"status codes or ranges of them, such as (\S+) and (\S+)", "{0}, {1} 같은 상태 코드 또는 그 범위"),
    (r"names of headers, each with its value on one line", "한 줄에 하나씩 헤더 이름과 값"),
    # conditions
    (r"one comparison such as (.+)", "{0} 같은 비교 하나"),
    (r"something on both sides of (\S+)", "{0}의 양쪽에 값"),
    (
        r'one comparison in each condition, and "quotes" around text that holds a sign',
        "조건마다 비교 하나. 부호가 든 글은 따옴표로 감쌉니다",
    ),
    (r"a closing bracket at the end of (\S+)", "{0} 끝에 닫는 괄호"),
    (r"a closing quote", "닫는 따옴표"),
    (r"text in double quotes, or without quotes", "큰따옴표로 감싼 글, 또는 따옴표 없는 글"),
    (r"values in any\(\), such as (.+)", "any() 안에 값. 예: {0}"),
    (r"one of (.+), since (\S+) is not known", "{0} 중 하나. 알 수 없는 함수: {1}"),
    (r"a placeholder in (\S+), such as (\S+)", "{0} 안에 자리표시자. 예: {1}"),
    (r"a placeholder such as (\S+) or (\S+) on one side", "한쪽에 {0}, {1} 같은 자리표시자"),
    (r"the name of a header, such as (\S+)", "{0} 같은 헤더 이름"),
    (
        r"(\S+) alone, since only \[BODY\] and \[HEADER\] have parts",
        "{0}만. 하위 항목은 [BODY]와 [HEADER]에만 있습니다",
    ),
    (r"a path such as (\S+)", "{0} 같은 경로"),
    (r"== or != beside (\S+), which is no number", "{0}에는 ==나 !=. 숫자가 아닙니다"),
    (r"a number, or a duration such as (\S+), beside <, <=, > and >=", "<, <=, >, >=에는 숫자나 {0} 같은 시간"),
    (
        r"a number, or a duration such as (\S+), beside (\S+), without quotes",
        "{1}에는 따옴표 없이 숫자나 {0} 같은 시간",
    ),
    (r"a number beside (\S+), without quotes", "{0}에는 따옴표 없는 숫자"),
    (r"a number beside (\S+)", "{0}에는 숫자"),
    (r"true or false beside (\S+), without quotes", "{0}에는 따옴표 없는 true나 false"),
    (
        r"one condition each for (.+), since all must hold; && is not known",
        "{0}: 각각 한 줄씩. 모두 맞아야 하며 &&는 쓰지 않습니다",
    ),
    (
        r"any\(\) for alternatives, such as (.+), since \|\| is not known",
        "여럿 중 하나는 any()로. 예: {0}. ||는 쓰지 않습니다",
    ),
    (r"(.+), since \|\| is not known", "{0}. ||는 쓰지 않습니다"),
    (r"a pattern for a part of a text, such as (.+)", "글의 일부는 패턴으로. 예: {0}"),
    (r"(.+), with a blank on both sides of the sign", "{0}: 부호 양쪽에 공백"),
    (r"(\[CERTIFICATE_EXPIRATION\]), since the expiry of a domain is not known", "{0}. 도메인 만료일은 알 수 없습니다"),
    (r"no (\[CONTEXT\]), since .+", "{0} 없이. 모니터는 다른 모니터의 결과를 모릅니다"),
    (
        r"one of (.+), or quotes around text that begins with a bracket",
        "{0} 중 하나. 대괄호로 시작하는 글은 따옴표로 감쌉니다",
    ),
    # one of several words
    (r"((?:[\w.]+, )*[\w.]+) or ([\w.]+)", "{0}, {1} 중 하나"),
)
_FOUND = "; found "


def expectation_text(english: str, language: Language) -> str:
    """The expectation instead of what stands there. ``english``: as the model says it."""
    if language != "ko":
        return english
    expected, separator, found = english.partition(_FOUND)
    texts = [_korean(expected)] if _korean(expected) != expected else [_korean(part) for part in _parts(expected)]
    said = " 또는 ".join(texts)
    return f"{said} (입력: {found})" if separator else said


def _parts(expected: str) -> list[str]:
    return expected.split(", or ")


def _korean(expected: str) -> str:
    for pattern, korean in _KOREAN:
        if matched := re.fullmatch(pattern, expected, re.DOTALL):
            return korean.format(*(part.replace("' and '", "', '") for part in matched.groups()))
    return expected
