"""A stranger's pull request, looked at by the real commands in a process that is watched from its first line (promise 28).

`validate`, `render` and `plan --offline` read no file outside of the repository (Python's own and its time zones apart), call
nobody, start no program, write nothing elsewhere, and read no variable but the few by which a person sets the tool up.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import guard
from tests.unit import repo

OWN_VARIABLES = {
    "DEPLOYER_ROOT", "DEPLOYER_ENV", "DEPLOYER_DEBUG", "DEPLOYER_COMPLETE", "_DEPLOYER_COMPLETE", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR",
    "TTY_COMPATIBLE", "TTY_INTERACTIVE", "TERM", "PYTHONTZPATH", "PYTHONIOENCODING", "LC_ALL", "LC_MESSAGES", "LANGUAGE", "LANG", "DEPLOYER_PROGRESS",
}  # fmt: skip
"""How a person, a terminal or Python says how to show what is found; none of them is a secret, and no file names them."""

SECRETS = {"OPENSEARCH_PASSWORD": "canary-password", "AWS_SECRET_ACCESS_KEY": "canary-key", "GITHUB_TOKEN": "canary-token", "HOOK": "https://hooks.example/canary-hook"}  # fmt: skip

ENVIRONMENT = """\
name: local
deployment: unit-local
cluster:
  hosts: ["https://127.0.0.1:9"]
  auth: {type: basic, username: "env:OPENSEARCH_USERNAME", password: "file:../outside/password"}
  tls: {ca: ../outside/ca.pem}
  proxy: "env:PROXY"
channels:
  demo: {type: webhook, url: "env:HOOK"}
  other: {type: slack, url: "file:/etc/passwd"}
notify: {default: [demo, other]}
"""

COMMANDS: dict[str, Sequence[str]] = {
    "validate": ("validate",),
    "render": ("render", "--env", "local"),
    "plan --offline": ("plan", "--env", "local", "--offline"),
}


def hostile(root: Path, outside: Path) -> dict[str, Path]:
    """Repositories by what is hostile in them, each below `root`; `outside` holds what they reach for."""
    outside.mkdir()
    for name in ("password", "ca.pem", "secret.yml", "analytic.yml", "secret.json.j2"):
        (outside / name).write_text("canary-file: canary-file", "utf-8")
    found = {}

    def made(name: str, **changes: tuple[str, str]) -> Path:
        folder = repo.write(root / name.replace(" ", "-"), **changes)
        (folder / "environments/local.yml").write_text(ENVIRONMENT, "utf-8")
        found[name] = folder
        return folder

    made("references")
    for name, link, target in (
        ("link to a file", "detections/DET9999/XX0001/samples.yml", outside / "secret.yml"),
        ("link to a folder", "detections/DET9999/XX0001", outside),
        ("link to all there is", "templates", Path("/")),
        ("link to the environment", "mappings/entities.yml", Path("/proc/self/environ")),
        ("link to a template", "templates/messages/alert.txt.j2", outside / "secret.json.j2"),
        ("link to git", "mappings/pipelines/plain.yml", root / "link-to-git/.git/config"),
    ):
        path = made(name) / link
        if path.is_dir():
            path.rename(outside / f"was-{path.name}-{len(found)}")
        else:
            path.unlink()
        path.symlink_to(target)
    (found["link to git"] / ".git").mkdir()
    (found["link to git"] / ".git/config").write_text("extraheader = canary-file", "utf-8")
    for number, source in enumerate(
        (f"[% include '{outside}/secret.json.j2' %]", "[% extends '../../../outside/secret.json.j2' %]", "[% import '/etc/passwd' as x %]",
         "[[ ''.__class__.__mro__[1].__subclasses__() ]]", "[[ range.__globals__['os'].environ ]]", "[[ self.__init__.__globals__ ]]", "[[ lipsum.__globals__.os.popen('id').read() ]]")
    ):  # fmt: skip
        (made(f"template {number}") / "templates/monitors/entity.json.j2").write_text(source, "utf-8")
    made("tag of python", analytic=("title: Made up", "title: !!python/object/apply:os.system ['touch /tmp/x']"))
    made("include of YAML", analytic=("title: Made up", f"title: !include {outside}/secret.yml"))
    made("schema of its own", analytic=("id: XX0001", f'$schema: "http://127.0.0.1:9/x"\n$ref: "file://{outside}/secret.yml"\nid: XX0001'))  # fmt: skip
    made("mapping of its own", base=("description: Fields.", f'description: Fields.\n$ref: "file://{outside}/secret.yml"'))  # fmt: skip
    made("template by path", analytic=("template: entity", "template: ../../../outside/secret"))
    made("time zone by path", analytic=("{interval: 1m}", "{cron: '0 * * * *', timezone: '../../outside/secret.yml'}"))
    made("another id", analytic=("id: XX0001", "id: ../../../outside/XX0001"))
    return found


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All of them, in one folder."""
    folder = tmp_path_factory.mktemp("stranger")
    return hostile(folder, folder / "outside")


RUN = """
import sys
from deployer.cli import main
arguments, roots = sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
for root in roots:
    try:
        main([*arguments, "--root", root])
    except SystemExit as ended:
        print(f"=== {root}: {ended.code}", flush=True)
"""
"""The same command on one repository after the other, in one process: Python takes longer to start than they take."""


def watched(roots: Sequence[Path], arguments: Sequence[str], report: Path, writing: Sequence[Path] = ()) -> tuple[str, list[tuple[str, str]]]:  # fmt: skip
    """What a command printed, and what it did that it may not; it ends by itself and with a documented code on each."""
    own = Path(__file__).parents[3] / "deployer"
    variables = guard.environment(report, [*roots, own], [*writing, Path("/dev/null")], **SECRETS, HOME=str(roots[0].parent / "outside"), PATH="/usr/bin:/bin")  # fmt: skip
    command = [sys.executable, "-c", RUN, *arguments, "--", *map(str, roots)]
    ended = subprocess.run(command, env=variables, cwd=roots[0], capture_output=True, text=True, timeout=600, check=False)
    codes = re.findall(r"^=== .*: (\d+)$", ended.stdout, re.MULTILINE)
    assert (len(roots), 0) == (len(codes), ended.returncode), ended.stderr[-2000:]
    assert set(codes) <= {"0", "1", "64"}, ended.stderr[-2000:]
    seen = [one for one in guard.told(report) if one[0] != guard.VARIABLES or one[1] not in OWN_VARIABLES]
    # Names that no variable has are asked for by libraries as they are imported; what counts is what is there.
    return ended.stdout + ended.stderr, [one for one in seen if one[0] != guard.VARIABLES or one[1] in variables or one[1] == "*"]


@pytest.mark.parametrize("name", COMMANDS)
def test_promise_28_commands_for_a_strangers_pull_request_reach_nothing(
    repositories: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """No file outside, no call, no program, no variable, and nothing of what lies outside in what they print."""
    printed, seen = watched(list(repositories.values()), COMMANDS[name], tmp_path / "seen.jsonl")

    assert [] == seen
    assert "canary" not in printed


def test_promise_28_rendering_writes_into_its_folder_only(repositories: dict[str, Path], tmp_path: Path) -> None:
    """Bodies are written below the folder that was named, and not through a link in it that leads elsewhere."""
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "monitor").symlink_to(elsewhere)

    printed, seen = watched([repositories["references"]], ["render", "--env", "local", "--out", str(out)], tmp_path / "seen.jsonl", [out])  # fmt: skip

    assert [] == seen
    assert [] == list(elsewhere.iterdir())
    assert "link" in printed


def test_the_watch_sees_what_it_forbids(tmp_path: Path) -> None:
    """A process that reads a file, a folder and a variable, writes, calls and starts a program is seen to do so."""
    report = tmp_path / "seen.jsonl"
    (tmp_path / "secret").write_text("x")
    does = (
        f"import os, socket, subprocess; open('{tmp_path}/secret').read(); os.listdir('{tmp_path}'); os.environ.get('HOOK'); open('{tmp_path}/new', 'w');"
        "socket.socket().connect_ex(('127.0.0.1', 9)); subprocess.run(['true'])"
    )
    subprocess.run([sys.executable, "-c", does], env=guard.environment(report, [], [], **SECRETS), check=True)

    seen = set(guard.told(report))

    assert {("read", str(tmp_path / "secret")), ("read", str(tmp_path)), ("variable", "HOOK"), ("write", str(tmp_path / "new"))} <= seen  # fmt: skip
    assert any(kind == "call" and "127.0.0.1" in what for kind, what in seen)
    assert any(kind == "call" and "subprocess" in what for kind, what in seen)
