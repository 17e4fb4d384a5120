"""What is remembered is what would be read and rendered anew, whatever is done to the files or to the store."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.desired import remembered, snapshot
from deployer.desired.read import changed, fresh
from deployer.desired.remembered import Desired
from deployer.desired.store import Store, default_folder, open_store
from deployer.model.errors import DeployerError
from deployer.plan.canonical import digest
from tests.unit.repo import ANALYTIC, SAMPLES, shown, write

TODAY = date(2026, 3, 1)


def remembering(root: Path, store: Store, today: date = TODAY) -> tuple[Desired, str]:
    """What a command does, and by which way it got it."""
    taken = snapshot.take(root, "local")
    if taken is not None:
        found = remembered.recall(taken, store, str(root), today=today)
        if found is not None:
            return found, "recalled"
        made = changed(root, taken, store, today=today)
        if made is not None:
            return made, "changed"
    return fresh(root, "local", today=today)[1], "fresh"


def seen(make: Callable[[], Desired]) -> Any:
    """Everything of an outcome, an error included, in a form that compares bodies by their bytes too."""
    try:
        made = make()
    except DeployerError as error:
        findings = getattr(error, "findings", None)
        return type(error), error.what, shown(findings) if findings else []
    plain = [(resource, digest(dict(resource.body)), digest(resource.written)) for resource in made.resources]
    return made.environment, plain, [digest(resource.body) for resource in made.resources], shown(made.findings)


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def swap(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    if path.exists():
        path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))


def another(root: Path, name: str, strategy: str = "DET9999") -> None:
    folder = f"detections/{strategy}/{name}"
    put(root, f"{folder}/analytic.yml", ANALYTIC.replace("XX0001", name).replace("DET9999", strategy))
    put(root, f"{folder}/samples.yml", SAMPLES)


def spoil(root: Path) -> None:
    if (root / ONE).exists():
        (root / ONE).write_bytes(b"id: \xff\n")


def restore(root: Path) -> None:
    put(root, ONE, ANALYTIC)
    put(root, ONE_SAMPLES, SAMPLES)


ONE = "detections/DET9999/XX0001/analytic.yml"
ONE_SAMPLES = "detections/DET9999/XX0001/samples.yml"
LOCAL = "environments/local.yml"
EDITS: dict[str, Callable[[Path], None]] = {
    "a default": lambda root: swap(root, ONE, "default: 2,", "default: 3,"),
    "a default back": lambda root: swap(root, ONE, "default: 3,", "default: 2,"),
    "a draft": lambda root: swap(root, ONE, "severity: medium\n", "severity: medium\nstatus: draft\n"),
    "no draft": lambda root: swap(root, ONE, "status: draft\n", ""),
    "a mistake": lambda root: swap(root, ONE, "title: Connections", "titel: Connections"),
    "mended": lambda root: swap(root, ONE, "titel:", "title:"),
    "no UTF-8": lambda root: spoil(root),
    "written anew": lambda root: restore(root),
    "a sample with no proof": lambda root: swap(root, ONE_SAMPLES, "      - {tunables: {Threshold: 3}, expect: {correlated: [{host: h1}]}}\n", ""),
    "no samples": lambda root: (root / ONE_SAMPLES).unlink(missing_ok=True),
    "a second analytic": lambda root: another(root, "XX0002"),
    "the same id elsewhere": lambda root: another(root, "XX0001", "DET8888"),
    "not elsewhere": lambda root: shutil.rmtree(root / "detections/DET8888", ignore_errors=True),
    "no second": lambda root: shutil.rmtree(root / "detections/DET9999/XX0002", ignore_errors=True),
    "a renamed folder": lambda root: another(root, "XX0003") or swap(root, "detections/DET9999/XX0003/analytic.yml", "id: XX0003", "id: XX0004"),
    "no renamed folder": lambda root: shutil.rmtree(root / "detections/DET9999/XX0003", ignore_errors=True),
    "none at all": lambda root: shutil.rmtree(root / "detections/DET9999", ignore_errors=True),
    "an exclusion": lambda root: swap(root, ONE, "response: [", "exclusions: [{code: DAC017, owner: o, reason: r, expires: '2026-03-20'}]\nresponse: ["),
    "one that expired": lambda root: swap(root, ONE, "'2026-03-20'", "'2026-02-20'"),
    "one of the environment": lambda root: swap(root, LOCAL, "notify:", "exclusions: [{code: DAC029, on: XX0001, owner: o, reason: r, expires: '2999-01-01'}]\nnotify:"),
    "everything": lambda root: swap(root, LOCAL, "notify:", "tunables: {XX0001: {Patterns: [/.*/]}}\nnotify:"),
    "a message": lambda root: swap(root, "templates/messages/alert.txt.j2", "When", "Whenever"),
    "a field's type": lambda root: swap(root, "mappings/components/base.yml", "pid: {type: long}", "pid: {type: keyword}"),
    "an entity": lambda root: swap(root, "mappings/entities.yml", "unknown-host", "no-host"),
    "a delay": lambda root: swap(root, "mappings/sources/x.yml", "ingest_delay: 2m", "ingest_delay: 3m"),
    "a pipeline": lambda root: swap(root, "mappings/pipelines/plain.yml", "event.kind", "event.type"),
    "a tunable of the environment": lambda root: swap(root, LOCAL, "notify:", "tunables: {XX0001: {Threshold: 7}}\nnotify:"),
    "a tunable of nobody": lambda root: swap(root, LOCAL, "notify:", "tunables: {XX0009: {Threshold: 7}}\nnotify:"),
    "an environment written anew": lambda root: write_environment(root),
    "a channel's address": lambda root: swap(root, LOCAL, "/x", "/y"),
    "a link": lambda root: (root / "mappings/components/also.yml").is_symlink() or (root / "mappings/components/also.yml").symlink_to("base.yml"),
    "no link": lambda root: (root / "mappings/components/also.yml").unlink(missing_ok=True),
}  # fmt: skip


def write_environment(root: Path) -> None:
    from tests.unit.repo import ENVIRONMENT

    put(root, LOCAL, ENVIRONMENT)


@contextmanager
def repository() -> Iterator[tuple[Path, Store]]:
    with tempfile.TemporaryDirectory() as folder:
        root = write(Path(folder) / "repository")
        store = open_store(Path(folder) / "store")
        assert store is not None
        yield root, store


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(sorted(EDITS)), min_size=1, max_size=6))
def test_after_any_edits_what_is_remembered_is_what_a_fresh_reading_gives(edits: list[str]) -> None:
    """The cache cannot lie: environment, bodies, order, findings and errors are those of a reading without it, every time."""
    with repository() as (root, store):
        for edit in ("", *edits):
            if edit:
                EDITS[edit](root)

            first = seen(lambda: remembering(root, store)[0])
            again = seen(lambda: remembering(root, store)[0])
            anew = seen(lambda: fresh(root, "local", today=TODAY)[1])

            assert anew == first
            assert anew == again


@pytest.mark.parametrize("edit", sorted(EDITS))
def test_each_kind_of_edit_is_noticed(edit: str) -> None:
    """After each single edit of a remembered repository, and after a second reading of it, the outcome is the fresh one."""
    with repository() as (root, store):
        another(root, "XX0002")
        assert remembering(root, store)[1] == "changed"

        EDITS[edit](root)

        anew = seen(lambda: fresh(root, "local", today=TODAY)[1])
        assert anew == seen(lambda: remembering(root, store)[0])
        assert anew == seen(lambda: remembering(root, store)[0])


def test_nothing_is_read_anew_when_nothing_changed_and_one_analytic_when_one_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second run recalls everything; a changed analytic is the only one that is read."""
    root, store = write(tmp_path / "r"), open_store(tmp_path / "s")
    assert store is not None
    another(root, "XX0002")
    assert remembering(root, store)[1] == "changed"
    assert remembering(root, store)[1] == "recalled"
    from deployer.catalogue import analytics

    read: list[str] = []
    load = analytics.load
    monkeypatch.setattr(analytics, "load", lambda path, *rest: read.append(path.parent.name) or load(path, *rest))

    EDITS["a default"](root)

    assert remembering(root, store)[1] == "changed"
    assert read == ["XX0001"]


@pytest.mark.parametrize(
    "harm",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"",
        lambda raw: raw.replace(b"XX0001", b"XX0009"),
        lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]),
        lambda raw: raw[65:],
    ],
)
def test_a_damaged_entry_counts_as_absent(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    """Cut short, emptied, edited or one bit flipped: everything is as fresh, and is remembered again."""
    root, store = write(tmp_path / "r"), open_store(tmp_path / "s")
    assert store is not None
    remembering(root, store)
    for path in store.folder.iterdir():
        path.write_bytes(harm(path.read_bytes()))

    made, way = remembering(root, store)

    assert way == "changed"
    assert seen(lambda: fresh(root, "local", today=TODAY)[1]) == seen(lambda: made)
    assert remembering(root, store)[1] == "recalled"


def test_an_entry_under_another_name_is_not_believed(tmp_path: Path) -> None:
    """An entry is sealed with the digest that it was made for, so moving it does not make it stand for other files."""
    root, store = write(tmp_path / "r"), open_store(tmp_path / "s")
    assert store is not None
    remembering(root, store)
    (first, second) = sorted(path.name for path in store.folder.iterdir())

    (store.folder / first).write_bytes((store.folder / second).read_bytes())

    assert store.get(first) is None
    assert store.get(second) is not None


def test_many_runs_at_once_give_the_same_and_leave_whole_entries(tmp_path: Path) -> None:
    """Eight runs that read, render and remember at the same time agree with a fresh one, and leave nothing half-written."""
    root, store = write(tmp_path / "r"), open_store(tmp_path / "s")
    assert store is not None
    another(root, "XX0002")

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: remembering(root, store)[0], range(8)))

    anew = seen(lambda: fresh(root, "local", today=TODAY)[1])
    assert [anew] * 8 == [seen(lambda made=made: made) for made in results]  # type: ignore[misc]
    assert all(store.get(path.name) is not None for path in store.folder.iterdir())


def test_a_folder_that_others_could_write_to_is_not_used(tmp_path: Path) -> None:
    """Remembered results come from the user alone; a link, a file or an open folder is no store."""
    mine, opened, linked, file = (tmp_path / name for name in ("mine", "opened", "linked", "file"))
    opened.mkdir()
    opened.chmod(0o777)
    linked.symlink_to(opened)
    file.write_text("", "utf-8")

    stores = [open_store(folder) for folder in (mine, opened, linked, file, file / "below")]

    assert stores[0] is not None
    assert stores[1:] == [None] * 4
    assert mine.stat().st_mode & 0o777 == 0o700


def test_secrets_are_not_remembered(tmp_path: Path) -> None:
    """The address of a channel that is a reference is read in each run and stands in no entry."""
    root, store = write(tmp_path / "r", local=('"http://127.0.0.1:9/x"', '"env:CANARY"')), open_store(tmp_path / "s")
    assert store is not None
    taken = snapshot.take(root, "local")
    assert taken is not None
    first = changed(root, taken, store, lambda reference: "http://canary-one", TODAY)
    again = remembered.recall(taken, store, str(root), lambda reference: "http://canary-two", TODAY)

    assert first is not None
    assert again is not None
    assert "canary-two" in str([resource.body for resource in again.resources])
    assert not any(b"canary-" in path.read_bytes() for path in store.folder.iterdir())


def test_the_expiry_of_an_exception_is_looked_at_every_day(tmp_path: Path) -> None:
    """What was remembered while an exception held is an error on the day after it expired."""
    exception = (
        "exceptions:\n  - {id: X1, analytic: XX0001, owner: me, reason: because, expires: 2026-06-01, "
        "where: {field: user.name, equals: bob}}\nnotify:"
    )
    root, store = write(tmp_path / "r", local=("notify:", exception)), open_store(tmp_path / "s")
    assert store is not None
    remembering(root, store, date(2026, 3, 1))

    assert remembering(root, store, date(2026, 3, 2))[1] == "recalled"
    with pytest.raises(DeployerError, match="1 error"):
        remembering(root, store, date(2026, 6, 2))


def test_what_was_not_used_for_a_month_is_removed(tmp_path: Path) -> None:
    """Entries and leftovers of killed runs do not stay for ever; what is used does."""
    store = open_store(tmp_path / "s")
    assert store is not None
    store.put("used", {"a": 1})
    store.put("old", {"a": 2})
    (store.folder / "half.1.abcd").write_text("", "utf-8")
    for name, age in (("used", 2), ("old", 40), ("half.1.abcd", 2)):
        when = (store.folder / name).stat().st_mtime - age * 86400
        os.utime(store.folder / name, (when, when))

    assert store.get("used") == {"a": 1}
    store.tidy()

    assert ["used"] == [path.name for path in store.folder.iterdir()]


def test_a_run_that_recalls_imports_neither_yaml_nor_jinja(tmp_path: Path) -> None:
    """Start-up is what a run without changes costs, so it must not load what it does not use."""
    code = (
        "import sys\nfrom deployer.desired import remembered, snapshot, store\n"
        "print(sorted({'yaml', 'jinja2', 'jsonschema', 'rich'} & set(sys.modules)))"
    )

    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert outcome.stdout.strip() == "[]"


def test_the_store_lies_outside_of_every_repository() -> None:
    """In the user's cache folder; without a home there is none."""
    assert default_folder({"HOME": "/h"}) == Path("/h/.cache/detection-deployer/rendered")
    assert default_folder({"HOME": "/h", "XDG_CACHE_HOME": "/c"}) == Path("/c/detection-deployer/rendered")
    assert default_folder({"XDG_CACHE_HOME": "relative"}) is None
