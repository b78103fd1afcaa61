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
