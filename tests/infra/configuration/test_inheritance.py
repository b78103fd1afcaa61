"""The fields that a monitor has from its group and from ``defaults``."""

import pytest

from shared.monitors.policy import Policy
from tests.infra.configuration.conftest import Mistakes, Read


def policies(reading: Read, text: str, **environ: str) -> dict[str, Policy]:
    return {policy.name: policy for policy in reading(text, **environ).monitors}


def test_a_monitors_own_field_beats_its_groups_and_defaults(reading: Read) -> None:
    known = policies(
        reading,
        """\
defaults: {interval: 1m, timeout: 5s, tags: [all]}
groups: {Web: {interval: 2m, tags: [web]}}
monitors:
  - {name: Own, group: Web, url: "http://a.example", interval: 3m, tags: []}
  - {name: Group's, group: Web, url: "http://a.example"}
  - {name: Default, url: "http://a.example"}
""",
    )
    assert [known[name].interval for name in ("Own", "Group's", "Default")] == [180, 120, 60]
    assert [known[name].tags for name in ("Own", "Group's", "Default")] == [(), ("web",), ("all",)]
    assert {policy.timeout for policy in known.values()} == {5}


def test_three_failures_open_unless_the_file_says_otherwise(reading: Read) -> None:
    text = "monitors: [{name: A, url: 'http://a.example'}, {name: B, heartbeat: {period: 1h}}]\n"
    assert [policy.failure_threshold for policy in reading(text).monitors] == [3, 3]
    text = f"defaults: {{failure_threshold: 1}}\n{text}"
    assert [policy.failure_threshold for policy in reading(text).monitors] == [1, 1]


def test_only_fields_that_fit_the_kind_are_inherited(reading: Read) -> None:
    known = policies(
        reading,
        """\
defaults: {method: HEAD, user_agent: Bonghwa, interval: 5m, keyword: ok, retries: 2, locations: [seoul]}
monitors:
  - {name: http, url: "http://a.example"}
  - {name: tcp, url: "tcp://a.example:1"}
  - {name: beat, heartbeat: {period: 1h}}
""",
    )
    every = {"locations", "failure_threshold"}
    assert known["http"].method == "HEAD"
    assert known["tcp"].model_fields_set == {"name", "url", "interval", "keyword", "retries", *every}
    assert known["beat"].model_fields_set == {"name", "heartbeat", "failure_threshold"}


def test_an_empty_field_inherits_nothing(reading: Read) -> None:
    known = policies(
        reading,
        """\
defaults: {channels: [console], interval: 5m}
groups: {Web: {channels: }}
monitors:
  - {name: Web's, group: Web, url: "http://a.example", interval: ~}
  - {name: Other, url: "http://a.example"}
""",
    )
    assert (known["Web's"].channels, known["Web's"].interval) == (None, 60)
    assert (known["Other"].channels, known["Other"].interval) == (("console",), 300)


def test_a_group_may_come_from_defaults(reading: Read) -> None:
    text = "defaults: {group: Web}\ngroups: {Web: {interval: 2m}}\nmonitors: [{name: A, url: 'http://a.example'}]\n"
    [known] = reading(text).monitors
    assert (known.group, known.interval) == ("Web", 120)


def test_the_gateway_does_not_depend_on_itself(reading: Read) -> None:
    known = policies(
        reading,
        """\
defaults: {depends_on: [Gateway]}
groups: {Net: {depends_on: Net}}
monitors:
  - {name: Gateway, url: "icmp://10.0.0.1"}
  - {name: Shop, url: "http://a.example"}
  - {name: Switch, group: Net, url: "icmp://10.0.0.2"}
""",
    )
    assert [known[name].depends_on for name in ("Gateway", "Shop", "Switch")] == [(), ("Gateway",), ()]


@pytest.mark.parametrize(
    "field", ["name: A", "url: 'http://a.example'", "dns: {query_name: a}", "heartbeat: {period: 1h}"]
)
def test_what_makes_a_monitor_is_not_inherited(mistakes: Mistakes, field: str) -> None:
    name = field.partition(":")[0]
    expected = f"{name} stands here: expected it in each monitor alone"
    assert mistakes(f"defaults: {{{field}}}\n") == [f"1: defaults: {expected}"]
    assert f"1: groups 'Web': {expected}" in mistakes(f"groups: {{Web: {{{field}}}}}\n")


def test_a_wrong_default_is_one_mistake(mistakes: Mistakes) -> None:
    text = "defaults: {interval: never}\nmonitors:\n" + "".join(
        f"  - {{name: M{number}, url: 'http://a.example'}}\n" for number in range(5)
    )
    assert mistakes(text) == ["1: defaults: interval is 'never': expected a duration such as 30s or 5m"]


def test_settings_for_a_group_that_nobody_is_in_are_a_mistake(mistakes: Mistakes, reading: Read) -> None:
    text = "groups:\n  Wbe: {interval: 5m}\nmonitors: [{name: A, group: Web, url: 'http://a.example'}]\n"
    [found] = mistakes(text)
    assert found.startswith("2: groups 'Wbe': no monitor is in it: expected the group of a monitor")
    assert reading("groups: {Later: {}}\nstatus_page: {groups: [Later]}\n").groups == {"Later": {}}


def test_the_names_of_other_tools_are_understood(reading: Read) -> None:
    known = policies(
        reading,
        """\
defaults: {interval: 5m, failure-threshold: 2}
groups: {Slow: {interval: 10m}}
monitors:
  - {name: Kuma, url: "http://a.example", maxretries: 4, resend_interval: 3, upsideDown: true}
  - {name: Slow, group: Slow, url: "http://a.example", resendInterval: 3, ignore-tls: 1}
  - {name: Gatus, url: "dns://9.9.9.9", dns: {query-name: a.example}}
""",
    )
    assert (known["Kuma"].failure_threshold, known["Kuma"].reminder_interval) == (5, 900)
    assert (known["Slow"].failure_threshold, known["Slow"].reminder_interval) == (2, 1_800)
    assert known["Slow"].interval == 600
    assert not known["Slow"].verify_tls
    assert known["Gatus"].dns is not None


def test_a_mistake_under_another_name_is_shown_as_written(mistakes: Mistakes) -> None:
    text = """\
monitors:
  - name: A
    url: http://a.example
    maxretries: many
    ignore-tls: perhaps
  - name: B
    url: http://a.example
    interval: 5m
    failure-threshold: 0
    max_retries: 3
"""
    assert mistakes(text) == [
        "4: monitors[0] 'A': maxretries is 'many': expected a whole number from 0 on",
        "5: monitors[0] 'A': ignore-tls is 'perhaps': expected true or false",
        "9: monitors[1] 'B': failure_threshold is 0: expected 1 or more",
        "10: monitors[1] 'B': max_retries is 3: expected one of failure-threshold and max_retries, which mean the same",
    ]


def test_inherited_conditions_are_those_that_the_kind_can_read(reading: Read) -> None:
    known = policies(
        reading,
        """\
defaults: {conditions: ["[STATUS] == 200", "[RESPONSE_TIME] < 500"]}
monitors:
  - {name: http, url: "http://a.example"}
  - {name: tcp, url: "tcp://a.example:1"}
""",
    )
    assert known["http"].conditions == ("[STATUS] == 200", "[RESPONSE_TIME] < 500")
    assert known["tcp"].conditions == ("[RESPONSE_TIME] < 500",)


def test_a_body_has_what_was_set_and_where_it_stands(reading: Read) -> None:
    known = reading("""\
defaults: {timeout: 90}
monitors:

  - name: API
    url: https://a.example/${MONITOR_PATH}
    headers: {Authorization: "${MONITOR_TOKEN}"}
  - {name: Job, heartbeat: {period: 25h, token: "${JOB}"}}
""", JOB="token-1")  # fmt: skip
    assert known.body()["monitors"] == [
        {
            "name": "API",
            "url": "https://a.example/${MONITOR_PATH}",
            "headers": {"Authorization": "${MONITOR_TOKEN}"},
            "timeout": "1m30s",
            "failure_threshold": 3,
            "line": 4,
        },
        {"name": "Job", "heartbeat": {"period": "1d1h", "token": "token-1"}, "failure_threshold": 3, "line": 7},
    ]
    assert known.lines == {"API": 4, "Job": 7}


def test_a_name_that_looks_like_a_number_is_that_text(reading: Read) -> None:
    known = policies(
        reading,
        """\
groups: {2030: {interval: 5m}, 1.10: {timeout: 1s}}
monitors:
  - {name: 0404, group: 2030, tags: [1, true], url: "http://a.example"}
  - {name: B, group: 1.10, url: "http://a.example", depends_on: [0404, 2030]}
  - {name: C, url: "http://a.example", depends_on: 0404}
""",
    )
    assert (known["0404"].interval, known["0404"].tags, known["B"].timeout) == (300, ("1", "true"), 1)
    assert (known["B"].depends_on, known["C"].depends_on) == (("0404", "2030"), ("0404",))
