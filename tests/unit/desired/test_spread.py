"""Work by several processes: the same results, in the same order, as by one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deployer.desired import spread as module
from deployer.desired.spread import spread
from tests.conftest import ROOT


@pytest.fixture
def forking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes from three things on, whatever machine it is."""
    if sys.platform != "linux":
        pytest.skip("only on Linux are there forks")
    monkeypatch.setattr(module, "MANY", 3)
    monkeypatch.setattr(module, "_safe", lambda: True)
    monkeypatch.setattr(module, "_processors", lambda: 2)


@pytest.mark.usefixtures("forking")
def test_many_things_are_worked_on_by_other_processes_in_their_order() -> None:
    """What is made comes back as it was made; nothing is made here."""
    made = spread(lambda thing: (thing, os.getpid()), list("abcdefgh"))

    assert list("abcdefgh") == [thing for thing, _ in made]
    assert os.getpid() not in {process for _, process in made}


@pytest.mark.usefixtures("forking")
def test_few_things_are_worked_on_here() -> None:
    """A process takes longer to start than they do."""
    assert [os.getpid()] * 2 == spread(lambda thing: os.getpid(), [1, 2])


@pytest.mark.usefixtures("forking")
def test_what_is_raised_there_is_raised_here() -> None:
    """A mistake in one of them is not lost."""

    def work(thing: int) -> int:
        if thing == 5:
            raise ValueError("five")
        return thing

    with pytest.raises(ValueError, match="five"):
        spread(work, range(9))


@pytest.mark.usefixtures("forking")
def test_a_process_that_is_killed_leaves_the_work_to_this_one() -> None:
    """Nothing waits for ever, and nothing is left out."""
    here = os.getpid()

    def work(thing: int) -> int:
        if thing == 2 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return thing

    assert list(range(6)) == spread(work, range(6))


@pytest.mark.parametrize(
    "threads", ["", "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start();"]
)
def test_nothing_is_forked_where_other_threads_run(threads: str) -> None:
    """A fork takes the locks of other threads along, and nobody who opens them."""
    if sys.platform != "linux":
        pytest.skip("only on Linux are there forks")
    code = f"{threads}import os; from deployer.desired import spread as s; s.MANY = 2; s._processors = lambda: 2\nprint(len({{os.getpid()}} & set(s.spread(lambda thing: os.getpid(), [1, 2, 3]))))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert str(int(bool(threads))) == done.stdout.strip()


@pytest.mark.usefixtures("forking")
def test_a_repository_read_by_several_processes_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This project's own detections: the same resources and findings as read by one."""
    from deployer.cluster import Vault
    from deployer.desired import snapshot
    from deployer.desired.read import changed
    from deployer.desired.store import open_store

    found = []
    for number, many in enumerate((3, 1000)):
        monkeypatch.setattr(module, "MANY", many)
        taken, kept = snapshot.take(ROOT, "local"), open_store(tmp_path / str(number))
        assert taken is not None
        assert kept is not None
        found.append(changed(ROOT, taken, kept, Vault(ROOT).read))

    assert found[0] is not None
    assert found[0] == found[1]
