"""What the registry adapter decides without a network: servers, proxies, challenges, refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom.errors import Forbidden, InvalidParameter, NotFound, TransomError, Unauthorized
from transom.images.registry import Credentials, ManifestUnknown, RepositoryUnknown
from transom.model.secret import Secret
from transom.registry.challenge import Challenge, basic, parse_challenges, token_request
from transom.registry.endpoints import endpoints_of, is_insecure
from transom.registry.failures import Broken, failure, retry_after_s
from transom.registry.proxies import proxy_for
from transom.registry.settings import RegistrySettings


@pytest.mark.parametrize(
    ("host", "named", "expected"),
    [
        ("localhost:5000", (), True),
        ("127.0.0.9:5000", (), True),
        ("[::1]:5000", (), True),
        ("registry.example", (), False),
        ("registry.example:5000", ("registry.example:5000",), True),
        ("registry.example:5001", ("registry.example:5000",), False),
        ("registry.example:5001", ("registry.example",), True),
        ("10.1.2.3:5000", ("10.0.0.0/8",), True),
        ("11.1.2.3:5000", ("10.0.0.0/8",), False),
    ],
)
def test_who_needs_no_certificate(host: str, named: tuple[str, ...], expected: bool) -> None:
    assert is_insecure(host, named) is expected


def test_servers_in_their_order() -> None:
    settings = RegistrySettings(
        mirrors=("https://m.example",), locations={"a.example": ("http://b.example:1",), "c": ()}
    )
    hub = endpoints_of("docker.io", settings)
    assert [(each.urls, each.is_own) for each in hub] == [
        (("https://m.example",), False),
        (("https://registry-1.docker.io",), True),
    ]
    assert len(endpoints_of("docker.io", settings, writing=True)) == 1
    assert [each.urls for each in endpoints_of("a.example", settings)] == [("http://b.example:1",)]
    assert list(endpoints_of("c", settings)) == []
    (named,) = endpoints_of("d.example", RegistrySettings(locations={"d.example": ("http://me:p%40ss@b.example/",)}))
    assert (named.urls, named.credentials) == (("http://b.example",), Credentials("me", Secret("p@ss")))
    plain = endpoints_of("localhost:5000", settings)[0]
    assert (plain.urls, plain.verify) == (("https://localhost:5000", "http://localhost:5000"), False)
    assert endpoints_of("r.example", settings)[0].verify


@pytest.mark.parametrize(
    ("url", "exceptions", "expected"),
    [
        ("https://r.example/v2/", "", "http://p:3128"),
        ("http://r.example/v2/", "", None),
        ("https://127.0.0.1:5000/", "", None),
        ("https://r.example/", "r.example", None),
        ("https://a.r.example/", ".r.example", None),
        ("https://a.r.example/", "*.r.example", None),
        ("https://ar.example/", "r.example", "http://p:3128"),
        ("https://r.example:444/", "r.example:443", "http://p:3128"),
        ("https://10.0.0.1/", "10.0.0.0/8", None),
        ("https://r.example/", "*", None),
    ],
)
def test_proxy(url: str, exceptions: str, expected: str | None) -> None:
    assert proxy_for(url, {"HTTPS_PROXY": "p:3128", "no_proxy": exceptions}) == expected


def test_challenges() -> None:
    found = parse_challenges(
        ['Bearer realm="https://a.example/t?x=1,2",service="s",scope="a:b:c d", Basic realm="r\\"q"']
    )
    assert found == [
        Challenge("bearer", {"realm": "https://a.example/t?x=1,2", "service": "s", "scope": "a:b:c d"}),
        Challenge("basic", {"realm": 'r"q'}),
    ]
    assert parse_challenges(["Negotiate", "Basic"]) == [Challenge("negotiate", {}), Challenge("basic", {})]


@given(st.lists(st.text(st.characters(codec="latin-1"), max_size=200), max_size=3))
def test_no_header_upsets_the_parser(headers: list[str]) -> None:
    for each in parse_challenges(headers):
        assert each.scheme == each.scheme.lower()


def test_token_requests() -> None:
    challenge = Challenge("bearer", {"realm": "https://a.example/t", "service": "s"})
    plain = token_request(challenge, ["repository:x:pull"], Credentials(), "id")
    assert (plain.url, plain.authorization) == ("https://a.example/t?service=s&scope=repository%3Ax%3Apull", "")
    named = token_request(challenge, [], Credentials("me", Secret("pw")), "id", offline=True)
    assert named.url == "https://a.example/t?service=s&account=me&offline_token=true&client_id=id"
    assert named.authorization == basic(Credentials("me", Secret("pw")))
    refreshed = token_request(challenge, ["a", "b"], Credentials(identity_token=Secret("it")), "id")
    assert (refreshed.url, refreshed.form["refresh_token"], refreshed.form["scope"]) == (
        "https://a.example/t",
        "it",
        "a b",
    )
    with pytest.raises(InvalidParameter, match="no token server"):
        token_request(Challenge("bearer", {"realm": "file:///etc/passwd"}), [], Credentials(), "id")


def test_secrets_are_not_shown() -> None:
    credentials = Credentials("me", Secret("hunter2"), Secret("it"))
    assert "hunter2" not in repr(credentials)
    assert "hunter2" not in repr(basic(credentials))


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (
            404,
            b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such"}]}',
            ManifestUnknown,
            "manifest unknown: no such",
        ),
        (404, b'{"errors":[{"code":"NAME_UNKNOWN","message":"x"}]}', RepositoryUnknown, "name unknown: x"),
        (404, b"<html>", NotFound, 'Get "u": unexpected status 404'),
        (401, b"", Unauthorized, 'Get "u": unauthorized: authentication required'),
        (401, b'{"details":"incorrect username or password"}', Unauthorized, "incorrect username or password"),
        (403, b'{"errors":[{"code":"DENIED","message":"no"}]}', Forbidden, "denied: no"),
        (500, b"", Broken, 'Get "u": unexpected status 500'),
        (429, b"", Broken, 'toomanyrequests: Get "u"'),
        (418, b"[" * 100_000, InvalidParameter, 'Get "u": unexpected status 418'),
    ],
)
def test_refusals(status: int, body: bytes, kind: type[TransomError], text: str) -> None:
    error = failure(status, {"Retry-After": "7"}, body, 'Get "u"')
    assert type(error) is kind
    assert str(error) == text
    if isinstance(error, Broken):
        assert error.retry_after_s == 7


def test_retry_after() -> None:
    assert retry_after_s("12") == 12
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after_s("soon") == 0
