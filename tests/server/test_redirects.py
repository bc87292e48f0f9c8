import pytest

from airbyte_agent_server.oauth.redirects import check_redirect_url, normalize_origin, with_parameters
from airbyte_agent_server.problems import ProblemError

ALLOWED = ("loopback", "https://yourapp.com", "https://[2001:db8::1]:8443")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8123/cb?user=7",
        "http://localhost",
        "http://[::1]:9/",
        "https://127.0.0.1/cb",
        "https://yourapp.com/oauth/callback",
        "https://YourApp.com:443/oauth/callback?a=%20",
        "https://[2001:db8::1]:8443/x",
    ],
)
def test_the_browser_may_go_to_allowed_origins(url: str) -> None:
    check_redirect_url(url, ALLOWED)


@pytest.mark.parametrize(
    "url",
    [
        "/relative",
        "https://",
        "https://yourapp.com:port/",
        "https://[::1",
        "ftp://127.0.0.1/",
        "http://yourapp.com/",
        "https://yourapp.com/#part",
        "https://yourapp.com/#",
        "https://user@yourapp.com/",
        "https://yourapp.com\\@evil.example/",
        "https://yourapp.com/a b",
        "https://yourapp.com/\r\nset-cookie:x",
        "https://yourapp.com/\x7f",
        "https://yourapp.com/ä",
        "https://yourapp.com/?secret_id=1",
        "https://yourapp.com/?error=",
        "https://yourapp.com/" + "x" * 2048,
    ],
)
def test_a_malformed_redirect_url_is_refused(url: str) -> None:
    with pytest.raises(ProblemError) as caught:
        check_redirect_url(url, ALLOWED)
    assert caught.value.type.code == "invalid_redirect_url"


@pytest.mark.parametrize(
    "url", ["https://evil.example/", "https://yourapp.com.evil.example/", "https://yourapp.com:444/"]
)
def test_another_origin_is_refused_with_the_name_of_the_setting(url: str) -> None:
    with pytest.raises(ProblemError) as caught:
        check_redirect_url(url, ALLOWED)
    assert caught.value.type.code == "redirect_origin_not_allowed"
    assert caught.value.errors[0].details["setting"] == "redirect_origins"


def test_loopback_is_refused_where_it_is_not_allowed() -> None:
    with pytest.raises(ProblemError) as caught:
        check_redirect_url("http://127.0.0.1:8123/cb", ["https://yourapp.com"])
    assert caught.value.type.code == "redirect_origin_not_allowed"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("loopback", "loopback"),
        ("https://YourApp.com:443/", "https://yourapp.com"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
    ],
)
def test_origins_are_compared_in_one_form(text: str, origin: str) -> None:
    assert normalize_origin(text) == origin


@pytest.mark.parametrize("text", ["yourapp.com", "https://yourapp.com/path", "https://yourapp.com?x", "*"])
def test_what_is_not_an_origin_cannot_be_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="is not an origin"):
        normalize_origin(text)


@pytest.mark.parametrize(
    ("url", "result"),
    [
        ("http://h/cb", "http://h/cb?secret_id=a%20b"),
        ("http://h/cb?", "http://h/cb?secret_id=a%20b"),
        ("http://h/cb?user=7&x=%2f+%20", "http://h/cb?user=7&x=%2f+%20&secret_id=a%20b"),
    ],
)
def test_parameters_follow_the_callers_query_which_stays_byte_for_byte(url: str, result: str) -> None:
    assert with_parameters(url, {"secret_id": "a b"}) == result
