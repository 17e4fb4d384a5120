"""Break a deploy at each of its writes, in turn, and see whether the next deploys put everything right.

A victim is the real command in a process of its own, which talks to a real node through a proxy. At its k-th write the
process is killed, or the connection is broken, the answer is cut, delayed for ever, or an error. Then the same deploy is
run once more without a fault, and once more after that. ``python -m tests.chaos`` (`make chaos`) breaks every write.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deployer import local
from tests.bench import MONITORS, RECORDS, Bench
from tests.commands import append, by_way_of, deployment, repository, run
from tests.faults import Fault, Proxy, Reply, Request, proxied

KILLS = ("killed before", "killed after")
FAULTS = ("reset before", "reset after", "half an answer", "429", "502", "503", "504 after", "hang")
KINDS = (*KILLS, *FAULTS)
TIMEOUT_S = 3
"""The victim's bound of one request, so that a server that hangs does not take half a minute each time."""


class Nth(Fault):
    """Something that happens to one write: the one before which there were `skip` others."""

    def fits(self, request: Request) -> bool:
        return request.writes


@dataclass(frozen=True)
class Scenario:
    """What the victim is to do: `prepare` makes what was there before, `change` what it is to deploy."""

    name: str
    prepare: Callable[[Bench], None]
    change: Callable[[Bench], None]
    options: tuple[str, ...] = ()
    monitors: int = 4


@dataclass
class Verdict:
    """What became of one injection. `struck` is false if the deploy had ended before its k-th write."""

    scenario: str
    kind: str
    write: int
    struck: bool
    what: str = ""
    problems: list[str] = field(default_factory=list)


def _both(on: Bench, **changes: tuple[str, str]) -> None:
    """The small repository with a second analytic, so that one can go."""
    repository(on, on.url, **changes)
    first = on.folder / "detections/DET9999/XX0001"
    second = on.folder / "detections/DET9999/XX0002"
    second.mkdir(exist_ok=True)
    for file in first.iterdir():
        (second / file.name).write_text(file.read_text().replace("XX0001", "XX0002"))
    append(on, "limits: {max_changed_percent: 100}\n")


def _deployed(on: Bench) -> None:
    _both(on)
    code, output = quietly(on, "deploy", "--yes")
    assert code == 0, output


def _changed(on: Bench) -> None:
    """A change of every kind of object: a field, a processor, a channel's address, a threshold."""
    _both(
        on,
        analytic=("default: 2,", "default: 3,"),
        base=("pid: {type: long}", "pid: {type: keyword}"),
        plain=("value: event", "value: signal"),
        local=("http://127.0.0.1:9/x", "http://127.0.0.1:9/y"),
    )


def _pruned(on: Bench) -> None:
    _both(on)
    folder = on.folder / "detections/DET9999/XX0002"
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def _edited_by_hand(on: Bench) -> None:
    """Somebody disabled every monitor in Dashboards."""
    _deployed(on)
    for identity in on.monitors():
        on.edit(identity, lambda body: body.update(enabled=not body["enabled"]))


SCENARIOS = (
    Scenario("first deploy", lambda on: None, _both),
    Scenario("change of everything", _deployed, _changed),
    Scenario("prune", _deployed, _pruned, ("--prune",), monitors=2),
    Scenario("revert of edits", _edited_by_hand, lambda on: None, ("--on-drift", "revert")),
)


def inject(cluster_url: str, folder: Path, scenario: Scenario, kind: str, write: int) -> Verdict:
    """Break the write number `write` (from 0) of a scenario's deploy; the verdict on what the next deploys made of it."""
    with deployment(cluster_url, folder) as on, _bystander(on) as untouched, proxied(cluster_url) as proxy:
        scenario.prepare(on)
        scenario.change(on)
        verdict = Verdict(scenario.name, kind, write, struck=False)
        code = _victim(on, proxy, scenario, kind, write, verdict)
        if not verdict.struck:
            verdict.problems += [] if code == 0 else [f"without a fault it exited with {code}"]
            return verdict
        if kind not in KILLS and code not in (0, 1, 3):
            verdict.problems.append(f"the deploy exited with {code}")
        verdict.problems += _put_right(on, scenario, cluster_url)
        if not untouched():
            verdict.problems.append("a monitor that is not ours was changed")
        return verdict


def _victim(on: Bench, proxy: Proxy, scenario: Scenario, kind: str, write: int, verdict: Verdict) -> int:
    """Run the deploy through the proxy with the fault in its way; its exit code."""
    child: list[subprocess.Popen[str]] = []
    over = threading.Event()

    def strike() -> None:
        verdict.struck, verdict.what = True, f"{proxy.seen[-1].method} {proxy.seen[-1].path.partition('?')[0]}"
        if kind in KILLS:
            child[0].kill()
        if kind == "hang":
            over.wait(60)

    early = kind in ("killed before", "reset before", "429", "502", "503", "hang")
    answer = {
        "half an answer": None,
        "429": Reply(429, headers={"retry-after": "1"}),
        "502": Reply(502),
        "503": Reply(503),
        "504 after": Reply(504),
    }.get(kind, Reply(drop=True))
    fault = Nth("", "", skip=write, meanwhile=strike) if early else Nth("", "", skip=write, afterwards=strike)
    fault.before, fault.after = (answer, None) if early else (None, answer)
    fault.cut = kind == "half an answer"
    proxy.faults.append(fault)
    command = [sys.executable, "-m", "deployer", "deploy", "--root", str(on.folder), "--env", "local", "--yes"]
    with by_way_of(on, proxy.url, f"timeout: {TIMEOUT_S}s, "):
        child.append(subprocess.Popen([*command, *scenario.options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))  # fmt: skip
        try:
            output, _ = child[0].communicate(timeout=120)
        finally:
            over.set()
            child[0].kill()
    proxy.settled()
    if "Traceback" in output:
        verdict.problems.append(f"a traceback: {output[-500:]}")
    return child[0].returncode


def _put_right(on: Bench, scenario: Scenario, cluster_url: str) -> list[str]:
    """Deploy again without a fault, look at what stands there, and deploy once more; what is wrong."""
    problems = []
    code, output = quietly(on, "deploy", "--yes", "--break-lock", *scenario.options)
    if code != 0:
        return [f"the next deploy exited with {code}: {output[-800:]}"]
    names = sorted(hit["_source"]["name"] for hit in on.monitors().values())
    if len(set(names)) != len(names) or len(names) != scenario.monitors:
        problems.append(f"monitors on the cluster: {names}")
    record = on.record()
    recorded = {entry["id"] for entry in record["entries"] if entry["kind"] == "monitor"}
    if recorded != set(on.monitors()):
        problems.append("the record's monitors are not the cluster's")
    if record["pending"]:
        problems.append(f"the record still has intentions: {[item['key'] for item in record['pending']]}")
    if on.node.found(f"{RECORDS}/_doc/lock:{on.deployment}") is not None:
        # Killed before its last write, nothing was left to do, so the next deploy wrote nothing.
        quietly(on, "unlock", "--yes")
    if on.node.found(f"{RECORDS}/_doc/lock:{on.deployment}") is not None:
        problems.append("the lock cannot be released")
    with proxied(cluster_url) as proxy, by_way_of(on, proxy.url):
        code, output = quietly(on, "deploy", "--yes", *scenario.options)
        if code != 0 or "No changes." not in output or proxy.writes:
            problems.append(f"a second deploy was not empty ({code}, {proxy.writes}): {output[-500:]}")
    return problems


@contextmanager
def _bystander(on: Bench) -> Iterator[Callable[[], bool]]:
    """A monitor that somebody made by hand; what comes out says whether it is still as it was made."""
    body = {
        "type": "monitor",
        "name": "made by hand",
        "enabled": False,
        "monitor_type": "query_level_monitor",
        "schedule": {"period": {"interval": 1, "unit": "MINUTES"}},
        "inputs": [{"search": {"indices": ["none-*"], "query": {"query": {"match_all": {}}}}}],
        "triggers": [],
    }
    path = f"{MONITORS}/{on.create(body)}"
    before = on.node.request("GET", path)
    yield lambda: on.node.found(path) == before
    on.node.gone(path)


def quietly(on: Bench, *arguments: str) -> tuple[int, str]:
    """Run a command in this process; its exit code and all it printed."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        code = run(on, *arguments)
    return code, text.getvalue()


def everything(
    cluster_url: str, folder: Path, say: Callable[[str], None], kinds: Sequence[str], every: int
) -> Iterator[Verdict]:
    """Each kind of fault at each write of each scenario; at one of `every` writes only, and each kind begins at another one."""
    for (number, kind), scenario in itertools.product(enumerate(kinds), SCENARIOS):
        for write in itertools.count(number % every, every):
            verdict = inject(cluster_url, folder / f"{scenario.name}-{kind}-{write}", scenario, kind, write)
            if not verdict.struck:
                say(f"{kind}: {scenario.name}: done")
                break
            for problem in verdict.problems:
                say(f"{kind}: {scenario.name}, write {write} ({verdict.what}): {problem}")
            yield verdict


def table(verdicts: list[Verdict]) -> str:
    """Injected and survived, a line for each scenario and kind."""
    lines = [f"{'scenario':<22}{'fault':<16}{'injected':>9}{'survived':>9}"]
    for scenario in SCENARIOS:
        for kind in KINDS:
            mine = [item for item in verdicts if (item.scenario, item.kind) == (scenario.name, kind)]
            lines.append(f"{scenario.name:<22}{kind:<16}{len(mine):>9}{sum(not item.problems for item in mine):>9}")
    kills = sum(item.kind in KILLS for item in verdicts)
    survived = sum(not item.problems for item in verdicts)
    return "\n".join([*lines, f"{kills} kills, {len(verdicts) - kills} other faults; {survived} of {len(verdicts)} survived."])  # fmt: skip


def main() -> int:
    """`make chaos`: on the node that OPENSEARCH_URL names, else on one of its own."""
    parser = argparse.ArgumentParser("tests.chaos", description=main.__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="break only each N-th write, for a shorter run")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this kind of fault; repeatable")
    options = parser.parse_args()

    def say(line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    verdicts: list[Verdict] = []
    Path("build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = os.environ.get("OPENSEARCH_URL")
        url = given or local.up(folder / "cluster", port=0, fresh=True, progress=say).url
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        try:
            for verdict in everything(url, folder, say, options.kind or KINDS, options.every):
                verdicts.append(verdict)
                Path("build/chaos.json").write_text(json.dumps([vars(item) for item in verdicts], indent=1), "utf-8")
        finally:
            if not given:
                local.down(folder / "cluster")
            sys.stdout.write(table(verdicts) + "\n")
    return 0 if verdicts and not any(verdict.problems for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
