"""How the proxy variables are read: one reading for every client."""

import socket

import pytest

from shared.settings import SettingError
from shared.settings.proxies import backend_options, http_proxy_of, is_any, is_this_machine, proxy_of, refuse_unusable

P, Q = "http://proxy.example:3128", "http://other.example:8080"

# the variables, a URL, the proxy's URL
READINGS = [
    ({}, "https://shop.example/", None),
    ({"https_proxy": P}, "https://shop.example/", P),
    ({"https_proxy": P}, "http://shop.example/", None),
    ({"HTTP_PROXY": P}, "http://shop.example/", P),
    ({"HTTP_PROXY": P, "REQUEST_METHOD": "GET"}, "http://shop.example/", None),
    ({"http_proxy": P, "HTTP_PROXY": Q}, "http://shop.example/", P),
    ({"http_proxy": "", "HTTP_PROXY": Q}, "http://shop.example/", None),
    ({"ALL_PROXY": P}, "https://shop.example/", P),
    ({"all_proxy": P, "HTTPS_PROXY": Q}, "https://shop.example/", Q),
    ({"http_proxy": "proxy.example"}, "http://shop.example/", "http://proxy.example:80"),
    ({"http_proxy": "https://proxy.example/"}, "http://shop.example/", "https://proxy.example:443"),
    ({"http_proxy": "http://me:pa%40ss@[::1]:8"}, "http://shop.example/", "http://me:pa%40ss@[::1]:8"),
    ({"all_proxy": "socks://proxy.example"}, "http://shop.example/", "socks4://proxy.example:1080"),
    ({"all_proxy": "socks5h://proxy.example:9"}, "https://shop.example/", "socks5h://proxy.example:9"),
]


@pytest.mark.parametrize(("environ", "url", "proxy"), READINGS)
def test_a_variable_names_the_proxy_of(environ: dict[str, str], url: str, proxy: str | None) -> None:
    found = proxy_of(url, environ)
    assert (found and found.url) == proxy


# NO_PROXY, a URL, whether it is requested without the proxy
EXCEPTIONS = [
    ("*", "http://shop.example/", True),
    ("shop.example", "http://shop.example/", True),
    ("shop.example", "http://SHOP.example./", True),
    ("shop.example", "http://eu.shop.example/", True),
    ("shop.example", "http://myshop.example/", False),
    (".shop.example", "http://eu.shop.example/", True),
    (".shop.example", "http://shop.example/", True),
    ("*.shop.example", "http://eu.shop.example/", True),
    ("a.example b.example,\tc.example", "http://b.example/", True),
    ("a.example b.example,\tc.example", "http://c.example/", True),
    ("shop.example:81", "http://shop.example:81/", True),
    ("shop.example:81", "http://shop.example/", False),
    ("shop.example:443", "https://shop.example/", True),
    ("127.0.0.0/8,::1/128", "http://127.0.0.2/", True),
    ("127.0.0.0/8,::1/128", "http://[::1]:8080/", True),
    ("127.0.0.0/8", "http://127.1/", True),
    ("10.0.0.0/8", "http://11.0.0.1/", False),
    ("10.1.2.3/8", "http://10.9.9.9/", True),
    ("10.*", "http://10.9.9.9/", True),
    ("[::1]:80", "http://[::1]/", True),
    ("::1", "http://[::1]/", True),
    ("fd00::/8", "http://[fd12::1]/", True),
    ("10.0.0.1:8080", "http://10.0.0.1:8080/", True),
    ("10.0.0.1:8080", "http://10.0.0.1/", False),
    ("", "http://shop.example/", False),
    (" , ,", "http://shop.example/", False),
]


@pytest.mark.parametrize(("entries", "url", "is_direct"), EXCEPTIONS)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_no_proxy_takes_out(name: str, entries: str, url: str, is_direct: bool) -> None:
    assert (proxy_of(url, {"all_proxy": P, name: entries}) is None) == is_direct


MALFORMED = [
    ("http_proxy", "http://"),
    ("http_proxy", "http://proxy.example:port"),
    ("HTTP_PROXY", "http://proxy.example:70000"),
    ("https_proxy", "ftp://proxy.example:21"),
    ("HTTPS_PROXY", "http://[::1"),
    ("ALL_PROXY", "socks6://127.0.0.1:9"),
    ("all_proxy", "http://proxy.example/proxy.pac"),
    ("all_proxy", "http://pro xy.example"),
    ("NO_PROXY", "localhost,10.0.0.0/33"),
    ("NO_PROXY", "shop.example,http://inner.example/"),
    ("no_proxy", "[::1"),
    ("no_proxy", "10.0.0"),
    ("no_proxy", "1.2.3.400"),
]


@pytest.mark.parametrize(("variable", "value"), MALFORMED)
def test_what_cannot_be_read_names_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^{variable} is '[^\n]*': expected [^\n]+$") as raised:
        is_any({variable: value})
    assert raised.value.variable == variable


@pytest.mark.parametrize("value", ["http://me:s3cret-word@proxy.example:port", "me:s3cret-word@proxy.example/x"])
def test_a_malformed_proxy_shows_no_password(value: str) -> None:
    with pytest.raises(SettingError) as raised:
        is_any({"http_proxy": value})
    assert "s3cret-word" not in str(raised.value)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "socks4a://me:secret-word@127.0.0.1:9"])
def test_only_curl_speaks_socks(proxy: str) -> None:
    url, environ = "https://api.telegram.org/bot", {"ALL_PROXY": proxy}
    with pytest.raises(SettingError, match=r"^ALL_PROXY is .*127\.0\.0\.1:9.*api\.telegram\.org in NO_PROXY") as raised:
        http_proxy_of(url, environ)
    assert "secret-word" not in str(raised.value)
    assert http_proxy_of(url, {**environ, "NO_PROXY": "telegram.org"}) is None
    with pytest.raises(SettingError, match="ALL_PROXY"):
        refuse_unusable("https://backend.example", environ)
    refuse_unusable("http://127.0.0.2:5000", environ)


def test_our_own_calls_use_a_proxy_for_other_machines_alone() -> None:
    environ = {"ALL_PROXY": "http://127.0.0.1:9"}
    assert backend_options("http://localhost:5000", environ) == {}
    assert backend_options("https://backend.example", environ)["proxies"]["https"] == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("host", "is_this"),
    [
        ("localhost", True),
        ("shop.localhost", True),
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("127.1", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", True),
        (socket.gethostname(), True),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        ("shop.example", False),
        ("", False),
    ],
)
def test_this_machine_is_known_by_every_address(host: str, is_this: bool) -> None:
    assert is_this_machine(host) == is_this
