from __future__ import annotations

import pytest

from profcov.playback.masking.text import hide_named, list_named


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        # JSON
        ('{"token": "s3cret", "name": "ada"}', '{"token": "***", "name": "ada"}'),
        ('{"token": "a \\" s3cret", "name": "ada"}', '{"token": "***", "name": "ada"}'),
        ('{"pass\\u0077ord": "s3cret"}', '{"pass\\u0077ord": "***"}'),
        ('{"credentials": {"a": {"b": 1}, "c": "s3cret]}"}, "name": 1}', '{"credentials": "***", "name": 1}'),
        ('{"tokens": 7, "token": ["s3cret", "s3cret"], "n": 1}', '{"tokens": 7, "token": "***", "n": 1}'),
        ('{"token": null, "password": false, "pin": 1234}', '{"token": null, "password": false, "pin": "***"}'),
        ('{"password": "s3cret that is cut o', '{"password": "***"'),
        ('{"credentials": {"a": "s3cret", "b', '{"credentials": "***"'),
        ('{"body": "{\\"token\\": \\"s3cret\\", \\"n\\": 1}"}', '{"body": "{\\"token\\": \\"***\\", \\"n\\": 1}"}'),
        ("{'token': 's3cret', 'n': 1}", "{'token': '***', 'n': 1}"),
        # forms, queries, cookies
        ("user=ada&password=s3cret&n=1", "user=ada&password=***&n=1"),
        ("user%5Bpassword%5D=s3cret&n=1", "user%5Bpassword%5D=***&n=1"),
        ("go to http://h/x?next=/&api_key=s3cret#top", "go to http://h/x?next=/&api_key=***"),
        ("theme=dark; sessionid=s3cret; csrftoken=s3cret", "theme=dark; sessionid=***; csrftoken=***"),
        (
            '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\ns3cret\r\n--b--',
            '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n***\r\n--b--',
        ),
        # headers
        ("Host: h\nAuthorization: Basic s3cret=\nAccept: a", "Host: h\nAuthorization: ***\nAccept: a"),
        ("Cookie: a=s3cret; b=s3cret\nAccept: a", "Cookie: ***\nAccept: a"),
        ("Set-Cookie: a=s3cret; Path=/", "Set-Cookie: ***"),
        ("X-Api-Key: s3cret", "X-Api-Key: ***"),
        ("refused Bearer s3cret.s3cret.s3cret for /x", "refused Bearer *** for /x"),
        # lines and scripts
        ("user: ada\npassword: a s3cret phrase\nn: 1", "user: ada\npassword: ***\nn: 1"),
        ('var csrfToken = "s3cret", n = 1', 'var csrfToken = "***", n = 1'),
        (':token => "s3cret"', ':token => "***"'),
        # URLs
        (
            "no answer of redis://:s3cret@h/0, postgres://ada:s3@cret@h/b",
            "no answer of redis://:***@h/0, postgres://ada:***@h/b",
        ),
        # pages
        (
            '<input name="csrf_token" type="hidden" value="s3cret">',
            '<input name="csrf_token" type="hidden" value="***">',
        ),
        ("<input value='s3cret>' name=_csrf> next", '<input value="***" name=_csrf> next'),
        ('<input type=password name=p value="s3cret">', '<input type=password name=p value="***">'),
        ('<meta content="s3cret" name="csrf-token"><p>a', '<meta content="***" name="csrf-token"><p>a'),
        ('<input name="token" value="s3cret that is cut', '<input name="token" value="***"'),
        ('<textarea name="api_key">s3cret</textarea>', '<textarea name="api_key">***</textarea>'),
        ('<div data-token="s3cret" class="a">b', '<div data-token="***" class="a">b'),
        ("<soap:Password Type='x'>s3cret</soap:Password>", "<soap:Password Type='x'>***</soap:Password>"),
        ("<token><![CDATA[s3cret]]></token>", "<token>***</token>"),
        ("<tr><th>Api key</th> <td>s3cret</td></tr>", "<tr><th>Api key</th> <td>***</td></tr>"),
    ],
)
def test_what_stands_under_the_name_of_a_secret_is_hidden_in_any_kind_of_text(text: str, hidden: str) -> None:
    assert hide_named(text) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the CSRF token is missing",
        '{"message": "no session", "author": "ada", "max_tokens": 7}',
        '<label for="password">Password</label> <input name="user" value="ada">',
        '<a href="/login?next=/">Log in</a>',
        "<td>user</td><td>ada</td>",
        "Basic authentication is needed",
        "a < b && c > d; x = 'y'; \"z\": 1",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert hide_named(text) == text


@pytest.mark.parametrize(
    "part", ['"', "'", "<a ", "<a b='", '"a": {', "\\", "token=", '"token": [', "a:", 'name="token"\n']
)
def test_no_text_takes_the_cube_of_its_length(part: str) -> None:
    """Which would be hours for this one; a test has minutes."""
    assert hide_named(part * 2000)


def test_what_is_sent_under_the_name_of_a_secret_is_listed() -> None:
    sent = [{"user": {"password": "s3cret", "n": 1}, "tokens": [1]}, {"api_key": ["a", 2, True]}, None, "x"]
    assert list(list_named(sent)) == ["s3cret", "a", "2"]
