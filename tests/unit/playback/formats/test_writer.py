from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from recordings import entry, exchanged, write_events, write_har

from profcov.demo.run import demo_files
from profcov.errors import ProfileFormatError
from profcov.playback.formats.writer import write_profile
from profcov.playback.loading import load

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.scenario.model import Profile

FORM = "multipart/form-data; boundary=b"
FILE = '--b\r\nContent-Disposition: form-data; name="f"; filename="{}"\r\n\r\n{}\r\n'


def again(profile: Profile, folder: Path) -> Profile:
    """Return what a profile is when it has been written and read."""
    written = write_profile(profile)
    for name, content in written.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    path = folder / "again.yaml"
    path.write_text(written.text, encoding="utf-8")
    return load(path).profile


def facts(profile: Profile) -> list[object]:
    return [
        (
            step.name,
            step.request.method,
            step.request.path,
            step.request.query,
            step.request.headers,
            step.request.json,
            step.request.has_json,
            step.request.data,
            step.request.form,
            step.request.multipart,
            {name: [(u.name, u.read(), u.type) for u in ups] for name, ups in step.request.files.items()},
            step.expect,
            {name: source.document() for name, source in step.save.items()},
            repr(getattr(step.wait, "until", step.wait)),
        )
        for step in profile.steps
    ]


def test_the_demos_profiles_are_the_same_when_written_and_read_again(tmp_path: Path) -> None:
    with demo_files() as (_, paths):
        for path in paths:
            profile = load(path).profile
            copy = again(profile, tmp_path)
            assert facts(copy) == facts(profile)
            assert (copy.slug, copy.variables, copy.base_url) == (profile.slug, profile.variables, profile.base_url)


def test_recorded_traffic_is_the_same_when_written_and_read_again(tmp_path: Path) -> None:
    files = "".join((FILE.format("dem.asc", "1"), FILE.format("dem.asc", "2"), FILE.format("../ä b.txt", "3"), "--b--"))
    profile = load(
        write_har(
            tmp_path / "shop.har",
            entry("GET /on?a=no&a=1e3&b=", answer={"job_id": "aaaa1111bbbb"}, headers={"X-A": "~"}),
            entry("GET /jobs/aaaa1111bbbb", answer={"status": "finished"}),
            entry("POST /f", post_data={"mimeType": FORM, "text": files}),
            entry("POST /g", post_data={"mimeType": FORM, "params": [{"name": "a", "value": "{x}"}]}),
            entry("PUT /h", json_body=None, post_data={"mimeType": "application/json", "text": "null"}),
            entry("PUT /i", post_data={"mimeType": "text/plain", "text": "a\r\n  b: {c}\n\n"}),
        )
    ).profile
    copy = again(profile, tmp_path)
    assert facts(copy) == facts(profile)
    assert sorted(path.name for path in (tmp_path / "shop.uploads").iterdir()) == ["2-dem.asc", "b.txt", "dem.asc"]


def test_a_wait_for_jobs_is_kept(tmp_path: Path) -> None:
    profile = load(write_events(tmp_path / "a", *exchanged(1, "POST /a"), *exchanged(2, "GET /b"))).profile
    assert again(profile, tmp_path).steps[0].wait == profile.steps[0].wait is not None


def test_no_secret_is_written(tmp_path: Path) -> None:
    profile = load(
        write_har(
            tmp_path / "shop.har",
            entry(
                "POST /login?token=tok-4711",
                200,
                {"session": "answered-secret-1"},
                headers={"Authorization": "Basic YWRhOnB3", "Cookie": "sid=cookie-4711"},
                json_body={"password": "correct horse"},
                answer_headers=[("Set-Cookie", "sid=set-4711")],
            ),
            entry(
                "POST /form", post_data={"mimeType": "application/x-www-form-urlencoded", "text": "api_key=key-4711"}
            ),
        )
    ).profile
    text = write_profile(profile).text
    for secret in ("tok-4711", "YWRhOnB3", "cookie-4711", "correct horse", "set-4711", "key-4711", "answered"):
        assert secret not in text
    for env in ("SHOP_TOKEN", "SHOP_AUTHORIZATION", "SHOP_PASSWORD", "SHOP_API_KEY"):
        assert f"{{env: {env}}}" in text


def base64(content: bytes) -> dict[str, str]:
    return {"encoding": "base64", "text": b64encode(content).decode()}


@pytest.mark.parametrize(
    ("secret", "body"),
    [
        ("correct horse", {"text": "<p>correct horse</p>"}),
        ("correct horse", base64(b"\xffcorrect horse")),
        ("correct horse", base64(b"\0\xffcorrect horse")),
        ("geheimnis-\u00fc77", base64(b"<p>geheimnis-\xfc77</p>")),
        ('it\'s a "so" \\ horse', {"text": '<p>it\'s a "so" \\ horse\n</p>'}),
        ('it\'s a "so" \\ horse', {"text": r"<p>it's a \"so\" \\ horse</p>"}),
        ("correct horse", {"mimeType": FORM, "text": FILE.format("a.txt", "a correct horse") + "--b--"}),
    ],
)
def test_a_secret_in_a_body_that_is_written_as_it_stands_is_refused(
    tmp_path: Path, secret: str, body: dict[str, str]
) -> None:
    profile = load(
        write_har(
            tmp_path / "shop.har",
            entry("POST /a", json_body={"password": secret}),
            entry("POST /b", post_data={"mimeType": "text/xml", **body}),
        )
    ).profile
    with pytest.raises(ProfileFormatError, match=r"secret password: its value is in a body"):
        write_profile(profile)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8-sig", "utf-16"])
def test_a_secret_in_json_or_a_form_of_any_encoding_is_a_variable(tmp_path: Path, encoding: str) -> None:
    content, form = (
        '{"password": "geheimnis-\u00fc77"}'.encode(encoding),
        "api_key=geheimnis-\u00fc78".encode("latin-1"),
    )
    sent = [
        entry("POST /a", post_data={"mimeType": "application/json", **base64(content)}),
        entry("POST /b", post_data={"mimeType": "application/x-www-form-urlencoded", **base64(form)}),
    ]
    profile = load(write_har(tmp_path / "shop.har", *sent)).profile
    assert [step.request.json or step.request.form for step in profile.steps] == [
        {"password": "{password}"},
        {"api_key": ("{api_key}",)},
    ]
    assert "geheimnis" not in write_profile(profile).text


def test_a_secret_in_json_that_a_recorder_shows_byte_by_byte_is_a_variable(tmp_path: Path) -> None:
    text = '{"password":"geheimnis-\u00fc77"}'
    sent = entry(
        "POST /a", post_data={"mimeType": "application/json", "text": text}, headers={"Content-Length": str(len(text))}
    )
    written = write_profile(load(write_har(tmp_path / "shop.har", sent)).profile)
    assert "{env: SHOP_PASSWORD}" in written.text
    assert written.files == {}


@pytest.mark.parametrize("content", [b"user=ada;password=hunter2222 \xfc", b"<password>hunter2222\xfc</password>"])
def test_bytes_with_a_secrets_name_are_not_written_either(tmp_path: Path, content: bytes) -> None:
    sent = entry("POST /a", post_data={"mimeType": "text/xml", **base64(content)})
    with pytest.raises(ProfileFormatError, match=r"step 'POST /a': its body has a secret, by its name, and is"):
        write_profile(load(write_har(tmp_path / "shop.har", sent)).profile)


def test_bytes_that_are_no_text_are_not_searched_for_names(tmp_path: Path) -> None:
    sent = entry("POST /a", post_data={"mimeType": "image/png", **base64(b"\0\xff;pw=\xfe\xfe\xfe")})
    assert len(write_profile(load(write_har(tmp_path / "shop.har", sent)).profile).files) == 1


@pytest.mark.parametrize(
    "text", ["user=ada;password=hunter2222", "<login><ns:password>hunter2222</ns:password></login>", '{"token": NaN}']
)
def test_a_text_with_a_secrets_name_is_not_written(tmp_path: Path, text: str) -> None:
    sent = entry("POST /a", post_data={"mimeType": "text/xml", "text": text})
    with pytest.raises(ProfileFormatError, match=r"step 'POST /a': its body has a secret, by its name, and is"):
        write_profile(load(write_har(tmp_path / "shop.har", sent)).profile)


def test_other_texts_are_written(tmp_path: Path) -> None:
    sent = entry("POST /a", post_data={"mimeType": "text/xml", "text": "<a b='1'>c=d</a><password/>"})
    assert "<a b=" in write_profile(load(write_har(tmp_path / "shop.har", sent)).profile).text
