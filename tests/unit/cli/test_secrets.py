"""Secrets stay secret (promise 29): a canary in each place where one can stand, and everything that a run leaves behind looked through.

The server says everything back that it got, also encoded: nothing that it was told may come out again.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
import stamina
import trustme

from deployer.catalogue.revisions import Git
from deployer.cli import cli, common
from deployer.cluster import Vault, wire
from deployer.deploy.files import PRIVATE, write_whole
from deployer.model.environment import SecretRef
from deployer.model.errors import Location
from deployer.report.masking import masked
from tests.clones import committed
from tests.faults import Reply, Request, serving
from tests.unit.repo import write

CANARY = 'c4nary"pa\\ss%wörd-1'
TOKEN = "c4nary.t0k+n/=%22.2"
COMMANDS = (
    ("plan",),
    ("plan", "--output", "json"),
    ("plan", "--output", "markdown", "-vv", "--debug"),
    ("deploy", "--yes", "-vv", "--debug", "--log-format", "json"),
    ("status", "--output", "json"),
    ("doctor",),
    ("history",),
    ("alerts",),
    ("rollback", "--yes"),
    ("unlock", "--yes"),
    ("dashboards", "--deploy", "--yes"),
)
BEARER = "{type: bearer, token: REF(token)}"
BASIC = "{type: basic, username: REF(user), password: REF(password)}"
SIGV4 = "{type: sigv4, region: eu-central-1, access_key_id: REF(id), secret_access_key: REF(key), session_token: REF(session)}"


@dataclass
class Place:
    """Where secrets stand: the ways to the cluster, the channels, and the values by their names."""

    auth: str = "{type: none}"
    more: str = ""
    channels: str = ""
    secrets: dict[str, str] = field(default_factory=dict)


PLACES = {
    "basic": Place(BASIC, secrets={"user": "bob", "password": CANARY}),
    "bearer": Place(BEARER, secrets={"token": TOKEN}),
    "sigv4": Place(SIGV4, secrets={"id": "AKIDc4nary1", "key": TOKEN, "session": f"s{TOKEN}"}),
    "proxy": Place(more=", proxy: REF(proxy)", secrets={"proxy": f"http://bob:{quote(CANARY, safe='')}@PROXY"}),
    "channels": Place(
        channels="  hook: {type: webhook, url: REF(hook), headers: {Authorization: REF(header)}}\n  chat: {type: slack, url: REF(chat)}\n",
        secrets={"hook": f"https://hook.example/{TOKEN}", "header": f"Bearer {TOKEN}", "chat": f"https://hooks.slack.example/services/{TOKEN}"},
    ),
}  # fmt: skip


def forms(secret: str) -> set[str]:
    """What a secret looks like in headers, JSON, Python's quotes, addresses and bodies."""
    encoded = {base64.b64encode(text.encode()).decode() for text in (secret, f"bob:{secret}")}
    quoted = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1], quote(secret), quote(secret, safe="")}  # fmt: skip
    return {secret, *encoded, *quoted}


def assert_absent(text: str, secrets: dict[str, str], where: str) -> None:
    """Fail if any form of any secret, or the tell-tale part of it, stands in a text."""
    for name, secret in secrets.items():
        if secret != "bob":
            for form in forms(secret):
                assert form not in text, f"{name} is in {where}: {text}"
    assert "c4nary" not in text, f"{where}: {text}"


def echoing(request: Request) -> Reply:
    """An error that says back all that came, as a gateway's debug page would; and what it read out of it."""
    credentials = request.headers.get("authorization", "") + request.headers.get("proxy-authorization", "")
    try:
        plain = base64.b64decode(credentials.removeprefix("Basic ")).decode()
    except ValueError:
        plain = ""
    reason = f"{request.method} {request.path} {request.headers} {plain} {request.body}"
    return Reply(500, {"error": {"type": "echo", "reason": reason}, "status": 500})


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Retries do not wait, tracebacks are shown, and there is no other configuration of git."""
    monkeypatch.setenv("DEPLOYER_DEBUG", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    with stamina.set_testing(True, attempts=1):
        yield


def repository(
    folder: Path, place: Place, form: str, url: str, monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str]
) -> Path:
    """A repository with secrets in their places, each behind a variable or a file."""
    auth, more, channels = place.auth, place.more, place.channels
    for name, value in secrets.items():
        reference = f"env:H_{name.upper()}" if form == "env" else f"file:{folder / 'secrets' / name}"
        auth, more, channels = (text.replace(f"REF({name})", f'"{reference}"') for text in (auth, more, channels))
        if form == "env":
            monkeypatch.setenv(f"H_{name.upper()}", value)
        else:
            (folder / "secrets").mkdir(parents=True, exist_ok=True)
            (folder / "secrets" / name).write_text(f"{value}\n")
    made = write(folder / "repository", local=('{hosts: ["http://127.0.0.1:9"]}', f'{{hosts: ["{url}"], auth: {auth}{more}}}'))  # fmt: skip
    path = made / "environments/local.yml"
    dashboards = f'dashboards: {{url: "{url}", auth: {auth}{more}}}\n'
    path.write_text(path.read_text().replace("channels:\n", f"{dashboards}channels:\n{channels}"))
    return made


@pytest.mark.parametrize("form", ["env", "file"])
@pytest.mark.parametrize("name", list(PLACES))
def test_promise_29_no_output_and_no_traceback_has_a_secret(
    name: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the server says back, with tracebacks on: in no output of any command. What it got was the secret."""
    place = PLACES[name]
    with serving(echoing) as (url, seen):
        secrets = {key: value.replace("PROXY", url.removeprefix("http://")) for key, value in place.secrets.items()}
        cluster = "http://search.example:9200" if name == "proxy" else url
        root = repository(tmp_path, place, form, cluster, monkeypatch, secrets)
        codes = [common.run(cli, [command[0], "--root", str(root), "--env", "local", *command[1:]], "deployer") for command in COMMANDS]  # fmt: skip

    output = capsys.readouterr()
    assert 0 not in codes
    assert "Traceback" in output.err
    assert " 500 in " in output.err
    assert '"level": "debug"' in output.err
    assert_absent(output.out, secrets, "stdout")
    assert_absent(output.err, secrets, "stderr")
    sent = "".join(str(request.headers) for request in seen)
    proof = {
        "basic": forms(CANARY),
        "bearer": {TOKEN},
        "sigv4": {"AKIDc4nary1"},
        "proxy": {base64.b64encode(f"bob:{CANARY}".encode()).decode(), base64.b64encode(f"bob:{CANARY}".encode("latin-1")).decode()},
        "channels": {"user-agent"},
    }[name]  # fmt: skip
    assert any(text in sent for text in proof), sent


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("name", list(PLACES))
def test_promise_29_a_bug_shows_no_secret(
    name: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exception that nobody foresaw, with all that is secret in its text: exit code 70, its traceback, and no secret."""
    secrets = dict(PLACES[name].secrets)

    def bug(*_: object, **__: object) -> None:
        raise RuntimeError(f"{[*secrets.values()]} {json.dumps(secrets)} {[*map(quote, secrets.values())]}")

    root = repository(tmp_path, PLACES[name], "env", "http://127.0.0.1:9", monkeypatch, secrets)
    monkeypatch.setattr(wire.Wire, "send", bug)
    if name == "proxy":
        secrets["proxy"] = "http://bob:c4nary@127.0.0.1:9"
        monkeypatch.setenv("H_PROXY", secrets["proxy"])

    loud = ["-vv", "--debug", "--log-format", form]
    code = common.run(cli, ["plan", "--root", str(root), "--env", "local", *loud], "deployer")

    error = capsys.readouterr().err
    assert 70 == code
    assert "Traceback" in error
    assert "RuntimeError" in error
    assert "(secret)" in error
    assert_absent(error, secrets, "stderr")


def test_promise_29_a_bug_on_one_of_several_clusters_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There it stands in the results, with those of the others."""
    root = repository(tmp_path, Place(), "env", "http://127.0.0.1:9", monkeypatch, {})
    path = root / "environments/local.yml"
    one = 'hosts: ["http://127.0.0.1:9"], auth: {type: bearer, token: "env:H_TOKEN"}'
    several = f"clusters: [{{name: east, {one}}}, {{name: west, {one}}}]\n"
    path.write_text("".join(several if line.startswith("cluster:") else line for line in path.read_text().splitlines(True)))
    monkeypatch.setenv("H_TOKEN", TOKEN)

    def bug(*_: object, **__: object) -> None:
        raise RuntimeError(f"Bearer {TOKEN}")

    monkeypatch.setattr(wire.Wire, "send", bug)
    codes = [common.run(cli, ["plan", "--root", str(root), "--env", "local", "--output", form], "deployer") for form in ("text", "json", "markdown")]  # fmt: skip

    output = capsys.readouterr()
    assert [70, 70, 70] == codes
    assert 6 == output.out.count("Bearer (secret)")
    assert_absent(output.out + output.err, {"token": TOKEN}, "the output")


def test_promise_29_a_client_key_is_shown_nowhere_and_lies_in_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key from a variable gets to the handshake through a pipe: no line of it is in an output, nor in a temporary file."""
    authority = trustme.CA()
    issued, other = authority.issue_cert("deployer@example.org"), authority.issue_cert("x@example.org")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    keys = [certificate.private_key_pem.bytes().decode() for certificate in (issued, other)]
    place = Place("{type: certificate, certificate: REF(certificate), key: REF(key)}", f", tls: {{ca: {tmp_path / 'ca.pem'}}}")  # fmt: skip
    secrets = {"certificate": issued.cert_chain_pems[0].bytes().decode(), "key": keys[0]}

    with serving(echoing, context) as (url, seen):
        root = repository(tmp_path, place, "env", url, monkeypatch, secrets)
        right = common.run(cli, ["plan", "--root", str(root), "--env", "local"], "deployer")
        monkeypatch.setenv("H_KEY", keys[1])
        wrong = common.run(cli, ["plan", "--root", str(root), "--env", "local"], "deployer")

    output = capsys.readouterr()
    assert seen
    assert (1, 4) == (right, wrong), output.err
    assert "are no certificate with its key" in output.err
    lines = [line for key in keys for line in key.splitlines() if "-----" not in line]
    assert len(lines) > 4
    assert not [line for line in lines if line in output.out + output.err]
    assert [] == [path for path in temporary.rglob("*") if path.is_file()]


def test_promise_29_processes_temporary_files_and_the_cache_have_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real run: its command line, those and the variables of all that it starts, its temporary files and its cache."""
    canaries = {"user": "bob", "password": CANARY, "hook": f"https://hook.example/{TOKEN}"}
    place = Place(BASIC, channels="  hook: {type: webhook, url: REF(hook)}\n")
    lines: list[str] = []

    def watching(request: Request) -> Reply:
        lines.extend(command_lines(process.pid))
        return echoing(request)

    with serving(watching) as (url, seen):
        root = repository(tmp_path, place, "env", url, monkeypatch, canaries)
        committed(root)
        started = spying_git(tmp_path)
        for name in ("temporary", "cache"):
            (tmp_path / name).mkdir()
        variables = {
            "PATH": f"{started.parent}{os.pathsep}{os.environ['PATH']}",
            "TMPDIR": str(tmp_path / "temporary"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }
        command = [sys.executable, "-m", "deployer", "plan", "--root", str(root), "--env", "local", "--out", str(tmp_path / "a.plan")]  # fmt: skip
        path = root / "environments/local.yml"
        path.write_text(path.read_text() + "production: true\n")
        committed(root)
        path.write_text(path.read_text().replace("production: true\n", "branches: [main]\n"))
        committed(root)
        process = subprocess.Popen(command, env={**os.environ, **variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
        out, error = process.communicate(timeout=120)

    assert seen, error
    assert any("deployer" in line for line in lines)
    told = started.read_text()
    assert "rev-parse" in told
    assert "H_PASSWORD" in os.environ
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(kept) > 1
    everything = {
        "the output": out + error,
        "a command line": "\n".join(lines),
        "what git was started with": told,
        "a temporary file": "".join(path.read_text("utf-8", "replace") for path in (tmp_path / "temporary").rglob("*") if path.is_file()),
        "the cache": "".join(path.read_text("utf-8", "replace") for path in kept),
    }  # fmt: skip
    for where, text in everything.items():
        assert_absent(text, canaries, where)


def command_lines(pid: int) -> list[str]:
    """The command lines of a process and of all that it started, as any user of the computer sees them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                if str(pid) in (entry.name, parent):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
            except OSError:
                continue
    return found


def spying_git(folder: Path) -> Path:
    """A `git` that writes down what it was started with, and goes on as git; gives what it writes."""
    real, place = subprocess.run(["sh", "-c", "command -v git"], capture_output=True, text=True).stdout.strip(), folder / "bin"  # fmt: skip
    place.mkdir()
    told = place / "told"
    told.write_text("")
    program = place / "git"
    program.write_text(f'#!/bin/sh\n{{ env; echo "$@"; }} >> {told}\nexec {real} "$@"\n')
    program.chmod(0o755)
    return told


def test_promise_29_git_is_started_without_the_variables_of_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even one whose name begins like git's own."""
    told = spying_git(tmp_path)
    monkeypatch.setenv("PATH", f"{told.parent}{os.pathsep}{os.environ['PATH']}")
    for name in ("GIT_TOKEN", "GITHUB_TOKEN", "OPENSEARCH_PASSWORD"):
        monkeypatch.setenv(name, "c4nary")

    Git(tmp_path).run("version")

    assert "PATH=" in told.read_text()
    assert "c4nary" not in told.read_text()


IN_PLACE = """\
name: local
deployment: unit-local
cluster:
  hosts: ["https://bob:c4nary1@search.example"]
  proxy: http://bob:c4nary2@proxy.example:3128
  auth: {type: basic, username: c4nary3, password: "c4nary4, }"}
channels:
  hook: {type: webhook, url: "htps://hooks.example/c4nary5", headers: {Authorization: Bearer-c4nary6}}
  chat: {type: slack, url: "https://hooks.slack.com/services/c4nary7", token: c4nary8}
  list: {type: slack, url: [c4nary9, "https://hooks.slack.com/services/c4naryA"]}
test_report: {key: c4naryB}
"""


@pytest.mark.parametrize("output", ["text", "json", "github", "gitlab", "sarif"])
def test_promise_29_a_secret_in_the_wrong_place_is_not_repeated(
    output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who writes a password where a reference belongs is told so, at its line, and nobody who reads the log learns it."""
    write(tmp_path)
    (tmp_path / "environments/local.yml").write_text(IN_PLACE)

    code = common.run(cli, ["validate", "--root", str(tmp_path), "--output", output], "deployer")

    text = "".join(capsys.readouterr())
    assert 1 == code
    assert "cluster.auth.password" in text
    assert "channels.hook.url" in text
    assert "c4nary" not in text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("auth: {type: basic, username: env:A, password: file:/run/b}", None),
        ('  url: "https://hooks.slack.com/services/T1/B2/x3"', '  url: "https://hooks.slack.com/*****************"'),
        ("  password: 'it is'", "  password: '*****'"),
        ('  "api_key": abc, next: def', '  "api_key": ***, next: def'),
        ("  hosts: [https://a.example:9200]", None),
        ("  hosts: [https://a:b@c.example:9200]", "  hosts: [https://***@c.example:9200]"),
        ("    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ", f"    {'*' * 50}"),
        ("    reason: The monitoring agent counts connections.", None),
    ],
)
def test_a_line_keeps_its_length_and_what_is_no_secret(line: str, expected: str | None) -> None:
    """References, hosts and other keys stay as they are, so that a caret below the line stays in its place."""
    assert (expected or line) == masked(line)
    assert len(line) == len(masked(line))


def test_promise_29_secrets_are_taken_out_in_every_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are, quoted for JSON, Python or an address, and a key line by line; also when only a part of them is met."""
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQDc4nary12345678\n-----END PRIVATE KEY-----\n"
    vault = Vault()
    for name, value in {"H_A": CANARY, "H_B": key}.items():
        monkeypatch.setenv(name, value)
        vault.read(SecretRef(f"env:{name}", Location("x")))
    for text in (CANARY, json.dumps(CANARY), repr(CANARY), quote(CANARY), repr(key), json.dumps({"key": key}), key.splitlines()[2]):  # fmt: skip
        assert "c4nary" in text
        assert "c4nary" not in vault.scrub(f"before {text} after")
    assert CANARY not in repr(vault)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_promise_29_private_files_are_private_whatever_was_there(umask: int, tmp_path: Path) -> None:
    """0600, under any umask and in the place of a file that others could read; what is beside it is gone."""
    path = tmp_path / "a.plan"
    path.write_text("old")
    path.chmod(0o666)
    before = os.umask(umask)
    try:
        write_whole(path, b"new", PRIVATE)
    finally:
        os.umask(before)

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert b"new" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())
