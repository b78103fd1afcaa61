"""The URLs of a monitor, as somebody writes them."""

import pytest

from shared.monitors.policy import Policy
from shared.monitors.reading.policies import PolicyInvalid, policy_in


@pytest.mark.parametrize(
    "proxy",
    [
        *("http://ops:pw@proxy.example:3128", "socks5h://proxy.example", "https://[::1]:8080", "proxy.example:3128"),
        *("${MONITOR_PROXY}", "http://${MONITOR_USER}:${MONITOR_PW}@proxy.example:${MONITOR_PORT}"),
    ],
)
def test_a_proxy_is_one_that_libcurl_speaks_with(proxy: str) -> None:
    assert Policy.written({"name": "A", "url": "http://a.example", "proxy": proxy}).proxy == proxy


@pytest.mark.parametrize(
    "proxy",
    [
        *("htpp://ops:s3cr3tPW@proxy:3128", "ftp://ops:s3cr3tPW@proxy", "http://ops:s3/cr3tPW@proxy:3128"),
        *("http://ops:s3cr3tPW@proxy:99999", "htpp://ops:${MONITOR_PW}@proxy"),
    ],
)
def test_another_proxy_is_refused_without_its_password(proxy: str) -> None:
    data = {"name": "A", "url": "http://a.example", "proxy": proxy}
    stored = Policy.model_validate(data)
    assert Policy.written({**data, "interval": "5m"}, stored).proxy == proxy, "what is stored stays"
    with pytest.raises(PolicyInvalid) as raised:
        policy_in(data)
    (mistake,) = raised.value.mistakes
    assert (mistake.field, mistake.value) == ("proxy", "")
    assert mistake.problem.startswith("expected the URL of a proxy that begins with http://, https://, socks4://")


@pytest.mark.parametrize(
    "url", ["https://exa mple/", "http://a..b/", "http://.a.example", "http://./", "tcp://a..b:1", "icmp://a b"]
)
def test_a_host_that_cannot_exist_is_refused(url: str) -> None:
    data = {"name": "A", "url": url}
    stored = Policy.model_validate(data)
    assert Policy.written({**data, "enabled": False}, stored).url == url, "what is stored stays"
    with pytest.raises(PolicyInvalid) as raised:
        policy_in(data)
    (mistake,) = raised.value.mistakes
    assert mistake.field == "url"
    assert mistake.problem.startswith("expected a host without blanks")


@pytest.mark.parametrize(
    "url",
    ["http://a.example./", "http://[::1]/", "http://${MONITOR_HOST}/a b", "docker://a..b", "http://봉화.example/"],
)
def test_any_other_host_is_taken(url: str) -> None:
    assert Policy.written({"name": "A", "url": url}).url == url
