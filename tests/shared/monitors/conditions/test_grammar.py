"""The grammar of conditions, and the expectation that a wrong one gets."""

import pytest

from shared.monitors.conditions import Facts, parse

# Every form that people write for Gatus, and forms that its documentation has.
CONDITIONS = [
    ("[STATUS] == 200", {"STATUS"}),
    ("[STATUS] >= 200", {"STATUS"}),
    ("[STATUS] == any(200,401)", {"STATUS"}),
    ("[STATUS] == any(200, 301, 302, 303)", {"STATUS"}),
    ("[STATUS] == pat(4*)", {"STATUS"}),
    ("[status] != 500", {"STATUS"}),
    ("any(200, 429) == [STATUS]", {"STATUS"}),
    ("[CONNECTED] == true", {"CONNECTED"}),
    ("[RESPONSE_TIME] < 5", {"RESPONSE_TIME"}),
    ("[RESPONSE_TIME] < 1.5s", {"RESPONSE_TIME"}),
    ("300ms > [RESPONSE_TIME]", {"RESPONSE_TIME"}),
    ("[CERTIFICATE_EXPIRATION] > 48h", {"CERTIFICATE_EXPIRATION"}),
    ("[CERTIFICATE_EXPIRATION] > 2419200000", {"CERTIFICATE_EXPIRATION"}),
    ("[CERTIFICATE_EXPIRATION] > 3650d", {"CERTIFICATE_EXPIRATION"}),
    ("[DNS_RCODE] == NOERROR", {"DNS_RCODE"}),
    ("[IP] == 203.0.113.1", {"IP"}),
    ("[IP] == pat(10.*)", {"IP"}),
    ('[BODY] != ""', {"BODY"}),
    ("[BODY] == 192.0.2.3", {"BODY"}),
    ("[BODY] == pat(*<h1>Example Domain</h1>*)", {"BODY"}),
    ('[BODY] == pat(*id="app"*)', {"BODY"}),
    ("[BODY] != pat(*health_status{* 2*)", {"BODY"}),
    ("[BODY].error_description == pat(Couldn't*)", {"BODY"}),
    ("[BODY] == pat(*if (a == b && c < d)*)", {"BODY"}),
    ("pat(*a < b*) == [BODY]", {"BODY"}),
    ('"a == b" == [BODY]', {"BODY"}),
    ('[BODY] == "200 || 404"', {"BODY"}),
    ("[BODY].data[0].item-id == 3", {"BODY"}),
    ("[BODY][0].x == 1", {"BODY"}),
    ("[BODY][0][1] == 1", {"BODY"}),
    ("[BODY].full name == Kim Minsu", {"BODY"}),
    ("[BODY].items == []", {"BODY"}),
    ("has([BODY].version) == true", {"BODY"}),
    ("len([BODY]) == 0", {"BODY"}),
    ("len( [BODY].items ) >= 3", {"BODY"}),
    ("[BODY].firstName != [BODY].lastName", {"BODY"}),
    ("[STATUS] == [BODY].status", {"STATUS", "BODY"}),
    ("[RESPONSE_TIME] < [HEADER].X-Limit", {"RESPONSE_TIME", "HEADER"}),
    ("[HEADER].Content-Type == pat(text/*)", {"HEADER"}),
    ("has([HEADER].Strict-Transport-Security) == true", {"HEADER"}),
    ("[BODY].version == ${MONITOR_VERSION}", {"BODY"}),
    ("[STATUS] < ${MONITOR_LIMIT}", {"STATUS"}),
    ("  [STATUS] == 200  ", {"STATUS"}),
]
# Each with a part of what is expected instead.
REFUSED = [
    ("", "[STATUS] == 200"),
    ("[STATUS]", "[STATUS] == 200"),
    ("[STATUS] ==", "[STATUS] == 200"),
    ("== 200", "[STATUS] == 200"),
    ("[STATUS] = = 200", "[STATUS] == 200"),
    ("[STATUS]==200", "[STATUS] == 200, with a blank on both sides"),
    ("[STATUS] = 200", "[STATUS] == 200, with a blank on both sides"),
    ("[STATUS] =>200", "[STATUS] >= 200, with a blank on both sides"),
    ("[STATUS] <> 200", "[STATUS] != 200, with a blank on both sides"),
    ("[STATUS] === 200", "[STATUS] == 200, with a blank on both sides"),
    ("[BODY] contains ok", "[BODY] == pat(*ok*)"),
    ("[STATUS] >= 200 && [STATUS] < 400", "one condition each for '[STATUS] >= 200' and '[STATUS] < 400'"),
    ("[STATUS] >= 200 && < 400", "one condition each for '[STATUS] >= 200' and '[STATUS] < 400'"),
    ("[BODY] == pat(*a*) && [STATUS] == 200", "one condition each for '[BODY] == pat(*a*)' and '[STATUS] == 200'"),
    ("[STATUS] == 200 || [STATUS] == 404", "[STATUS] == any(200, 404), since || is not known"),
    ("[STATUS] == 200||[STATUS] == 404", "[STATUS] == any(200, 404), since || is not known"),
    ("[STATUS] == 200 || 404", "[STATUS] == any(200, 404), since || is not known"),
    ("[STATUS] < 300 || [STATUS] == 404", "any() for alternatives"),
    ("[BODY] == pat(*a*) || [BODY] == pat(*b*)", "any() for alternatives"),
    ("200 || [STATUS] == 404", "any() for alternatives"),
    ("[STATUS] == 200 == 200", "one comparison"),
    ("1 == 2", "a placeholder"),
    ("pat(a) == any(b)", "a placeholder"),
    ("[STATS] == 200", "[STATUS]"),
    ("[WEATHER] == 200", "one of [STATUS], [BODY]"),
    ("[DOMAIN_EXPIRATION] > 720h", "[CERTIFICATE_EXPIRATION]"),
    ("[CONTEXT].x == 1", "no [CONTEXT]"),
    ("age([HEADER].Last-Modified) < 10m", "one of len(), has(), pat() and any()"),
    ("len(5) == 3", "len([BODY].items)"),
    ("has(x) == true", "has([BODY].items)"),
    ("len([BODY] == 3", "a closing bracket at the end of len(…)"),
    ("[BODY] == pat(*x", "a closing bracket at the end of pat(…)"),
    ('[BODY] == "abc', "a closing quote"),
    ('[BODY] == "', "a closing quote"),
    ("[BODY] == 'abc'", "double quotes"),
    ("[BODY]..x == 1", "a path such as [BODY].data[0].id"),
    ("[BODY]x == 1", "a path such as [BODY].data[0].id"),
    ("[BODY][*].x == 1", "a path such as [BODY].data[0].id"),
    ("[BODY][-1] == 1", "a path such as [BODY].data[0].id"),
    ("[STATUS].x == 1", "[STATUS] alone"),
    ("[HEADER] == x", "[HEADER].Content-Type"),
    ("[HEADER].a b == x", "[HEADER].Content-Type"),
    ("[STATUS] == any()", "any(200, 204)"),
    ("[STATUS] == any([BODY].x, 1)", "any(200, 204)"),
    ("[STATUS] == OK", "a number beside [STATUS]"),
    ('[STATUS] == "200"', "a number beside [STATUS], without quotes"),
    ("[STATUS] == any(200, 2xx)", "a number beside [STATUS]"),
    ("len([BODY]) == none", "a number beside len([BODY])"),
    ("[RESPONSE_TIME] == soon", "a number, or a duration such as 48h, beside [RESPONSE_TIME]"),
    ("[CONNECTED] == yes", "true or false beside [CONNECTED]"),
    ('has([BODY].x) == "true"', "true or false beside has([BODY].x), without quotes"),
    ("[RESPONSE_TIME] < potato", "a number, or a duration such as 48h"),
    ('[BODY].x < "5"', "a number, or a duration such as 48h"),
    ("[BODY] < pat(5*)", "a number, or a duration such as 48h"),
    ("[STATUS] < 48h", "a number beside [STATUS]"),
    ("[IP] < 4", "== or != beside [IP]"),
    ("true > [CONNECTED]", "a number, or a duration"),
    ("[CONNECTED] > [STATUS]", "== or != beside [CONNECTED]"),
    ("[STATUS] == 200" + " " * 5_000 + "x", "[STATUS] == 200"),
]


@pytest.mark.parametrize(("text", "placeholders"), CONDITIONS)
def test_a_condition_is_parsed(text: str, placeholders: set[str]) -> None:
    condition = parse(text)
    assert condition.text == text
    assert condition.placeholders == placeholders
    assert parse(text) is condition  # once for all monitors that have it
    condition.holds(Facts())  # of a check that knows nothing


@pytest.mark.parametrize(("text", "expected"), REFUSED)
def test_a_wrong_condition_is_refused_with_the_right_one(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse(text)
    assert expected in str(refused.value)


@pytest.mark.parametrize("text", [text for text, expected in REFUSED if expected.startswith("[") and "," in expected])
def test_the_proposed_spelling_is_a_condition(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse(text)
    parse(str(refused.value).rpartition(", ")[0])
