from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import requests

from profcov.errors import CookieFileError
from profcov.playback.client.cookies import make_cookie, read_cookie_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from http.cookiejar import Cookie
    from pathlib import Path

TITLE = "# Netscape HTTP Cookie File\n"


def sent(cookies: Iterable[Cookie], url: str) -> str | None:
    """The Cookie header that requests would send to a URL."""
    session = requests.Session()
    for cookie in cookies:
        session.cookies.set_cookie(cookie)
    return session.prepare_request(requests.Request("GET", url)).headers.get("Cookie")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost:8000/base", "http://shop.example", "http://[::1]:1"]
)
def test_a_cookie_goes_to_its_own_server_only(url: str) -> None:
    cookie = make_cookie("who", "me", url)
    assert sent([cookie], url + "/x") == "who=me"
    assert sent([cookie], "http://elsewhere.example/x") is None
    assert sent([cookie], "http://elsewhere/x") is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "shop.example"])
def test_a_file_of_cookies_is_read_as_curl_writes_it(tmp_path: Path, host: str) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text(
        f"{TITLE}\n#HttpOnly_{host}\tFALSE\t/\tFALSE\t0\tsession\tabc\n{host}\tFALSE\t/in\tFALSE\t0\ta\tb\n"
    )
    cookies = read_cookie_file(path)
    assert sent(cookies, f"http://{host}/") == "session=abc"
    assert sent(cookies, f"http://{host}/in") == "a=b; session=abc"
    assert sent(cookies, "http://elsewhere.example/") is None


@pytest.mark.parametrize(
    "text",
    ["session=s3cret", f"{TITLE}localhost s3cret\n", f"{TITLE}localhost\tFALSE\t/\tFALSE\tsoon\ts3cret\tv\n"],
)
def test_a_file_of_another_kind_is_reported_without_what_is_in_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text(text)
    with pytest.raises(CookieFileError) as caught:
        read_cookie_file(path)
    assert re.match(rf"{re.escape(str(path))}: line [12] is not one of a Netscape cookie file: ", str(caught.value))
    assert "s3cret" not in str(caught.value)


def test_a_cookie_of_a_file_goes_to_subdomains_if_it_says_so_and_over_safe_connections_only(tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text(f"{TITLE}.shop.example\tTRUE\t/\tTRUE\t\tsession\tabc\n")
    cookies = read_cookie_file(path)
    assert sent(cookies, "https://shop.example/") == "session=abc"
    assert sent(cookies, "http://shop.example/") is None  # it is for safe connections
    assert sent(cookies, "https://www.shop.example/") == "session=abc"


def test_a_cookie_whose_time_is_over_is_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text(
        f"{TITLE}a.example\tFALSE\t/\tFALSE\t1\told\tabc\na.example\tFALSE\t/\tFALSE\t99999999999\tnew\tabc\n"
    )
    assert sent(read_cookie_file(path), "http://a.example/") == "new=abc"


def test_a_file_that_is_no_text_or_not_there_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    with pytest.raises(CookieFileError, match="cannot be read: No such file"):
        read_cookie_file(path)
    path.write_bytes(b"# Netscape HTTP Cookie File\n\xff\xfe")
    with pytest.raises(CookieFileError, match="not UTF-8 text"):
        read_cookie_file(path)
