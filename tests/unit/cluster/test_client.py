"""What the client repeats, what it does not, and what it says when something is wrong."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import stamina

from deployer.cluster import Cluster, Vault, is_read
from deployer.cluster import client as client_module
from deployer.cluster.errors import (
    AnswerError,
    CredentialsError,
    LostAnswerError,
    MissingPluginError,
    UnreachableError,
    UntrustedError,
    from_answer,
)
from deployer.cluster.secrets import SecretError
from deployer.model.environment import Auth, Connection, SecretRef, Tls
from deployer.model.errors import AuthError, Location
from tests.faults import Reply, Request, serving

HERE = Location("environments/prod.yml", 7, 30)
PASSWORD = SecretRef("env:H_PASSWORD", HERE)


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Retries do not wait, and stay five."""
    with stamina.set_testing(True, attempts=5, cap=True):
        yield


USER = SecretRef("env:H_USER", HERE)


def basic(password: SecretRef = PASSWORD) -> Auth:
    """A user with a password."""
    return Auth("basic", {"username": USER, "password": password})


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets that `USER` and `PASSWORD` refer to."""
    monkeypatch.setenv("H_USER", "bob")
    monkeypatch.setenv("H_PASSWORD", "canary-s€cret")


def failing(times: int, reply: Reply, then: Any = "fine") -> Callable[[Request], Reply]:
    """A script that answers the same `times` times, then well."""
    left = [times]

    def script(request: Request) -> Reply:
        left[0] -= 1
        return reply if left[0] >= 0 else Reply(200, then)

    return script


@pytest.mark.parametrize("reply", [Reply(503), Reply(502), Reply(504), Reply(429), Reply(drop=True)])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/_x"), ("HEAD", "/_x"), ("POST", "/_plugins/_alerting/monitors/_search"), ("POST", "/i/_mget")],
)
def test_promise_20_reads_are_repeated(reply: Reply, method: str, path: str) -> None:
    """A read is tried again until it succeeds, whatever passing failure meets it."""
    with serving(failing(3, reply)) as (url, seen):
        answer = Cluster.connect(Connection((url,))).request(method, path)

    assert 4 == len(seen)
    assert answer == (None if method == "HEAD" else "fine")


@pytest.mark.parametrize("reply", [Reply(503), Reply(429), Reply(drop=True)])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_plugins/_alerting/monitors"),
        ("PUT", "/_x"),
        ("DELETE", "/_x"),
        ("POST", "/_plugins/_alerting/monitors/_execute"),
    ],
)
def test_promise_20_writes_are_sent_once(reply: Reply, method: str, path: str) -> None:
    """A write goes out exactly once, whatever comes back."""
    with serving(failing(9, reply)) as (url, seen), pytest.raises((AnswerError, LostAnswerError)):
        Cluster.connect(Connection((url,))).request(method, path, {})

    assert 1 == len(seen)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_promise_20_refusals_are_final(status: int) -> None:
    """What the server refuses is not asked again, though it be a read."""
    with serving(failing(9, Reply(status))) as (url, seen), pytest.raises((AnswerError, AuthError)) as error:
        Cluster.connect(Connection((url,))).request("GET", "/_x")

    assert 1 == len(seen)
    assert status == error.value.status  # type: ignore[union-attr]


def test_promise_20_attempts_are_bounded() -> None:
    """A server that never recovers is given up on."""
    with serving(failing(99, Reply(503))) as (url, seen), pytest.raises(AnswerError, match="503"):
        Cluster.connect(Connection((url,))).request("GET", "/_x")

    assert client_module.ATTEMPTS == len(seen)


@pytest.mark.parametrize("value", ["1", "date"])
def test_promise_20_retry_after_is_honoured(value: str) -> None:
    """The wait that a 429 asks for is kept, as a number of seconds or as a date."""
    header = formatdate(time.time() + 2, usegmt=True) if value == "date" else value
    with stamina.set_testing(False), serving(failing(1, Reply(429, headers={"retry-after": header}))) as (url, _):
        started = time.monotonic()
        Cluster.connect(Connection((url,))).request("GET", "/_x")

    assert 0.9 < time.monotonic() - started < 4


def test_promise_20_a_wait_over_the_bound_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Retry-After that would go over the total bound ends the request at once."""
    monkeypatch.setattr(client_module, "PATIENCE", 5.0)
    with stamina.set_testing(False), serving(failing(9, Reply(429, headers={"retry-after": "3600"}))) as (url, seen):
        started = time.monotonic()
        with pytest.raises(AnswerError, match="429"):
            Cluster.connect(Connection((url,))).request("GET", "/_x")

    assert time.monotonic() - started < 2
    assert 1 == len(seen)


def test_the_next_host_is_asked_when_one_cannot_be_reached() -> None:
    """With several hosts, one that is down costs no attempt."""
    with serving(failing(0, Reply())) as (url, seen):
        cluster = Cluster.connect(Connection(("http://127.0.0.1:1", url)))

        assert "fine" == cluster.request("PUT", "/_x", {})
        assert "fine" == cluster.request("PUT", "/_x", {})

    assert 2 == len(seen)


def test_nobody_there_is_told_with_address_and_cause() -> None:
    """An address where nobody listens is named, with the cause and what to do."""
    with pytest.raises(UnreachableError) as error:
        Cluster.connect(Connection(("http://127.0.0.1:1",))).request("GET", "/")

    assert "http://127.0.0.1:1" in error.value.what
    assert "Connection refused" in error.value.why
    assert "cluster.hosts" in error.value.todo
    assert 1 == error.value.exit_code


def test_tls_to_a_plain_server_is_told_and_not_repeated() -> None:
    """A TLS failure says so, what to write instead, and is final."""
    with serving(failing(0, Reply())) as (url, _), pytest.raises(UntrustedError) as error:
        Cluster.connect(Connection((url.replace("http:", "https:"),))).request("GET", "/")

    assert "http://" in error.value.todo


def test_a_missing_authority_file_is_named(tmp_path: Path) -> None:
    """A file of certificates that is not there, or holds none, is an error that names it."""
    (tmp_path / "empty.pem").write_text("nothing")

    for name in ("ca.pem", "empty.pem"):
        with pytest.raises(UntrustedError, match=name):
            Cluster.connect(Connection(("https://127.0.0.1:1",), tls=Tls(ca=name)), Vault(tmp_path))


def test_a_silent_server_is_given_up_on_after_the_timeout() -> None:
    """A request without an answer ends after the connection's timeout, and its outcome is unknown."""

    def script(request: Request) -> Reply:
        time.sleep(1.5)
        return Reply()

    with serving(script) as (url, _), pytest.raises(LostAnswerError, match="no answer") as error:
        Cluster.connect(Connection((url,), timeout=0.3)).request("PUT", "/_x")

    assert "within 0.3 s" in error.value.why


def test_promise_18_an_answer_cut_short_is_no_answer() -> None:
    """A good status with half a JSON is asked for again, and then given up on."""
    with serving(failing(1, Reply(200, {"hits": [1, 2, 3]}, cut=4))) as (url, seen):
        assert "fine" == Cluster.connect(Connection((url,))).request("GET", "/_x")
    assert 2 == len(seen)

    with (
        serving(failing(9, Reply(200, {"hits": [1, 2, 3]}, cut=4))) as (url, _),
        pytest.raises(LostAnswerError, match="cut short"),
    ):
        Cluster.connect(Connection((url,))).request("GET", "/_x")


def test_wrong_credentials_are_an_authentication_error() -> None:
    """A 401 exits with 4 and says where the credentials come from, not what they are."""
    with serving(failing(9, Reply(401, {"error": "Unauthorized"}))) as (url, _):
        cluster = Cluster.connect(Connection((url,), basic()))
        with pytest.raises(CredentialsError) as error:
            cluster.request("GET", "/")

    assert 4 == error.value.exit_code
    assert "canary" not in f"{error.value} {error.value.why} {error.value.todo}"


def test_a_missing_permission_names_it() -> None:
    """A 403 of the security plugin exits with 4 and names the permission."""
    body = {"error": {"type": "security_exception", "reason": "no permissions for [cluster:admin/x] and User [bob]"}}
    with (
        serving(failing(9, Reply(403, body))) as (url, _),
        pytest.raises(CredentialsError, match="permission") as error,
    ):
        Cluster.connect(Connection((url,))).request("GET", "/")

    assert "cluster:admin/x" in error.value.why
    assert 4 == error.value.exit_code


def test_a_403_that_is_no_permission_is_an_answer() -> None:
    """Not every 403 is about credentials: a monitor in use by a workflow is not."""
    body = {"error": {"type": "alerting_exception", "reason": "Monitor can't be deleted"}}
    with serving(failing(9, Reply(403, body))) as (url, _), pytest.raises(AnswerError) as error:
        Cluster.connect(Connection((url,))).request("DELETE", "/_x")

    assert "Monitor can't be deleted" == error.value.reason


@pytest.mark.parametrize(
    ("path", "name"), [("_alerting/monitors/_search", "Alerting"), ("_notifications/configs", "Notifications")]
)
def test_a_missing_plugin_is_named(path: str, name: str) -> None:
    """An address that no handler serves means that the plugin is not installed."""
    body = {"error": f"no handler found for uri [/_plugins/{path}] and method [POST]"}
    with serving(failing(9, Reply(400, body))) as (url, _), pytest.raises(MissingPluginError, match=name):
        Cluster.connect(Connection((url,))).request("POST", f"/_plugins/{path}", {})


def test_credentials_are_sent_as_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user and a password with letters beyond ASCII arrive."""
    monkeypatch.setenv("H_USER", "bjørn")
    auth = basic()
    with serving(failing(0, Reply())) as (url, seen):
        Cluster.connect(Connection((url,), auth)).request("GET", "/")

    assert "bjørn:canary-s€cret" == base64.b64decode(seen[0].headers["authorization"].removeprefix("Basic ")).decode()


@pytest.mark.parametrize(
    ("reference", "words"),
    [("env:H_NONE", "H_NONE is not set"), ("file:no/such", "cannot be read"), ("vault:x", "env:NAME or file:PATH")],
)
def test_a_missing_secret_names_the_line_that_asks_for_it(reference: str, words: str) -> None:
    """A reference that leads nowhere is an error at the line of the environment's file."""
    with pytest.raises(SecretError) as error:
        Cluster.connect(Connection(("http://127.0.0.1:1",), basic(password=SecretRef(reference, HERE))))

    assert HERE == error.value.where
    assert words in error.value.why


def test_a_secret_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file's content without its last line end is the secret; relative paths are below the repository."""
    (tmp_path / "password").write_text(" canary \n")
    monkeypatch.chdir("/")

    assert " canary " == Vault(tmp_path).read(SecretRef("file:password", HERE))


def test_secrets_are_shown_nowhere(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """A secret is in no repr, no log at debug level, and no message, even if the server says it back."""
    caplog.set_level("DEBUG")
    vault = Vault()
    reply = Reply(500, {"error": {"type": "x", "reason": "no protocol: canary-s€cret"}})
    with serving(failing(9, reply)) as (url, _):
        cluster = Cluster.connect(Connection((url,), basic()), vault)
        with pytest.raises(AnswerError) as error:
            cluster.request("PUT", "/_x", {"url": "canary-s€cret"})

    shown = [repr(cluster), repr(vault), repr(cluster.__dict__), str(error.value), error.value.why, error.value.reason]
    shown += [caplog.text, *capsys.readouterr()]
    assert "canary" not in " ".join(shown)
    assert "(secret)" in error.value.why


def test_an_address_with_credentials_is_shown_without() -> None:
    """Should somebody have written user and password into the address, messages leave them out."""
    cluster = Cluster.connect(Connection(("http://bob:canary@127.0.0.1:1/prefix",)))

    assert "http://127.0.0.1:1/prefix" == cluster.address
    with pytest.raises(UnreachableError) as error:
        cluster.request("GET", "/")
    assert "canary" not in f"{error.value} {error.value.why}"


@pytest.mark.parametrize(
    ("method", "path", "reads"),
    [
        ("GET", "/x", True),
        ("HEAD", "/x", True),
        ("POST", "/_plugins/_alerting/monitors/_search", True),
        ("POST", "/index/_search", True),
        ("POST", "/_mget", True),
        ("POST", "/_plugins/_alerting/monitors", False),
        ("POST", "/_plugins/_alerting/monitors/_execute", False),
        ("POST", "/index/_search/../_doc", False),
        ("POST", "/index/_doc/_search", False),
        ("POST", "/_bulk", False),
        ("PUT", "/x/_search", False),
        ("DELETE", "/x", False),
    ],
)
def test_promise_01_the_list_of_reading_posts_is_short(method: str, path: str, reads: bool) -> None:
    """Only searches and reads of several documents count as reading among POSTs."""
    assert reads == is_read(method, path)


def test_requests_are_counted_and_can_be_stopped() -> None:
    """Each attempt is counted as read or write, and a hook may forbid a request before it goes out."""

    def forbid(method: str, path: str) -> None:
        raise PermissionError(f"{method} {path}")

    with serving(failing(1, Reply(503))) as (url, seen):
        cluster = Cluster.connect(Connection((url,)))
        cluster.request("GET", "/_x")
        cluster.request("PUT", "/_x")
        cluster.on_request = forbid
        with pytest.raises(PermissionError):
            cluster.request("DELETE", "/_x")

    assert {("GET", "read"): 2, ("PUT", "write"): 1} == dict(cluster.requests)
    assert 1 == cluster.writes
    assert 3 == len(seen)


def test_bodies_are_sent_as_they_are_ordered() -> None:
    """Keys keep their order (a trigger's id must come before its condition), and lines stay lines."""
    with serving(failing(0, Reply())) as (url, seen):
        cluster = Cluster.connect(Connection((url,)))
        cluster.request("PUT", "/_x", {"b": 1, "a": "ü"})
        cluster.request("POST", "/_bulk", '{"a":1}\n')

    assert '{"b": 1, "a": "ü"}' == seen[0].body
    assert ('{"a":1}\n', "application/x-ndjson") == (seen[1].body, seen[1].headers["content-type"])
    assert {"b": 1, "a": "ü"} == json.loads(seen[0].body)


FLOOD = "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, {"type": "cluster_block_exception", "reason": "index [x] blocked by: [FORBIDDEN/12/read-only]"}),
        (429, {"type": "cluster_block_exception", "reason": FLOOD}),
        (429, {"type": "alerting_exception", "reason": FLOOD, "caused_by": {"reason": f"a.b.ClusterBlockException: {FLOOD}"}}),
    ],
)  # fmt: skip
def test_a_block_of_writes_says_what_to_do(status: int, error: dict[str, Any]) -> None:
    """A cluster or index that turned read-only is told apart from other refusals, once, and is not asked again."""
    with serving(failing(9, Reply(status, {"error": error}))) as (url, seen), pytest.raises(AnswerError) as told:
        Cluster.connect(Connection((url,))).request("PUT", "/x/_doc/1", {}, safe=True)

    assert error["reason"] == told.value.why
    assert "make room" in told.value.todo
    assert 1 == len(seen)


def test_a_cluster_that_is_not_up_yet_is_asked_again() -> None:
    """Until a node has its state it blocks everything too, for a moment."""
    error = {"type": "cluster_block_exception", "reason": "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered];"}
    with serving(failing(1, Reply(503, {"error": error}))) as (url, seen):
        assert "fine" == Cluster.connect(Connection((url,))).request("GET", "/_x")

    assert 2 == len(seen)


def test_a_refusal_without_a_body_has_no_reason() -> None:
    """Some proxy's bare answer: what is not there is not told as ``None``."""
    error = from_answer("PUT", "/x/_doc/1", 409, None)

    assert ("PUT /x/_doc/1 was answered 409", "") == (error.what, error.why)
