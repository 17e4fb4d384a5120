"""What a deploy must refuse before its first write, on a real cluster; and that rendering depends on nothing but the files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployer.model.environment import Limits
from deployer.model.resource import Resource
from deployer.plan import UnsafePlanError
from tests import deployments as made
from tests.bench import Bench
from tests.commands import deployment, repository, run
from tests.faults import Proxy
from tests.unit.repo import write

pytestmark = pytest.mark.integration


@pytest.fixture
def files(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A deployment of the small repository."""
    with deployment(cluster_url, tmp_path) as found:
        yield found


ELSEWHERE = (
    {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONUTF8": "0"},
    {"PYTHONHASHSEED": "2", "TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
)


def test_promise_06_rendering_depends_on_the_files_alone(root: Path, tmp_path: Path) -> None:
    """Hash seed, time zone, locale, working directory and the order in which a folder lists its files change no byte."""
    moved = tmp_path / "copied in another order"
    moved.mkdir()
    for name in ("templates", "mappings", "environments", "detections"):
        for file in sorted((root / name).rglob("*"), key=lambda path: str(path)[::-1]):
            if file.is_file():
                target = moved / file.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
    here = _rendered(root, tmp_path, {"PYTHONHASHSEED": "0"})

    for changes in ELSEWHERE:
        assert here == _rendered(moved, moved / "detections", changes), changes


def _rendered(root: Path, cwd: Path, changes: dict[str, str]) -> bytes:
    command = [sys.executable, "-m", "deployer", "render", "--root", str(root), "--env", "local"]
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **changes}, capture_output=True, check=True)
    assert len(done.stdout) > 10_000
    return done.stdout


def test_promise_07_all_errors_at_once_and_nothing_is_sent(
    files: Bench, through: Proxy, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error in each of four files is told in one run, each with file, line and column; the cluster hears nothing."""
    repository(
        files,
        through.url,
        analytic=("severity: medium", "severity: medum"),
        samples=("    clock:", "    clcok:"),
        base=("type: long", "type: lnog"),
        x=("format: json", "fromat: json"),
    )

    code = run(files, "deploy", "--yes")

    told = capsys.readouterr()
    assert 1 == code
    for place in (
        "detections/DET9999/XX0001/analytic.yml:7:11",
        "detections/DET9999/XX0001/samples.yml:3:5",
        "mappings/components/base.yml:13:23",
        "mappings/sources/x.yml:10:5",
    ):
        assert place in told.out + told.err
    assert [] == through.seen


def test_promise_08_too_much_at_once_is_refused_unless_allowed(on: Bench, through: Proxy) -> None:
    """Over 30 % of at least ten objects, or deletes of more than half of fewer: refused with the numbers and nothing written."""
    limits = Limits(30, 10)
    on.environment = lambda **changes: made.environment(on.deployment, on.url, limits=limits, **changes)  # type: ignore[method-assign]

    def wanted(numbers: range, changed: int) -> list[Resource]:
        return [made.monitor(on.deployment, f"XX{n:04}", threshold=3 if n < changed else 1, needs=()) for n in numbers]

    def refused(resources: list[Resource], numbers: str) -> None:
        through.seen.clear()
        with pytest.raises(UnsafePlanError) as error:
            on.deploy(resources, through.url, prune=True)
        assert numbers in str(error.value) + error.value.why
        assert 3 == error.value.exit_code
        assert [] == through.writes

    on.deploy(wanted(range(12), 0))
    refused(wanted(range(12), 4), "4 updates and 0 deletes of 12 managed objects are 33 %")
    refused(wanted(range(10), 2), "2 updates and 2 deletes of 12 managed objects are 33 %")
    allowed = on.deploy(wanted(range(5), 2), through.url, prune=True, allow_mass_change=True)
    assert (0, 9) == (allowed.exit_code, len(allowed.outcomes))
    assert 5 == len(on.monitors())
    refused(wanted(range(2), 2), "3 deletes of 5")
    assert 5 == len(on.monitors())


def test_promise_11_a_protected_analytic_cannot_be_silenced_by_a_plan(on: Bench, through: Proxy) -> None:
    """Neither by removing it with prune, nor by disabling it, nor by taking its protection away in the same change."""
    plain: dict[str, Any] = {"needs": ()}
    kept = made.monitor(on.deployment, "XX0001", **plain)
    on.deploy([kept, made.monitor(on.deployment, "XX0002", protected=True, enabled=True, **plain)])
    silenced = {
        "removed": [],
        "disabled": [made.monitor(on.deployment, "XX0002", protected=True, **plain)],
        "no longer protected and disabled": [made.monitor(on.deployment, "XX0002", **plain)],
    }
    for how, after in silenced.items():
        with pytest.raises(UnsafePlanError, match="protected") as refused:
            on.deploy([kept, *after], through.url, prune=True, allow_mass_change=True)

        assert 3 == refused.value.exit_code, how
        assert [] == through.writes, how
    assert on.monitors()[on.monitor_id("XX0002")]["_source"]["enabled"]


def test_the_small_repository_is_whole(tmp_path: Path) -> None:
    """The files whose slips are told above have none of their own."""
    done = subprocess.run(
        [sys.executable, "-m", "deployer", "validate", "--root", str(write(tmp_path))], capture_output=True, text=True
    )
    assert 0 == done.returncode, done.stdout + done.stderr
