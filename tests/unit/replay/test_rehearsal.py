"""An analytic replayed again and again: only what changed is sent and run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deployer.catalogue import load_repository
from deployer.model.errors import ClusterError
from deployer.model.finding import Findings
from deployer.model.tested import AnalyticResult
from deployer.replay import Rehearsal, rehearsal
from tests.unit.repo import write


class Cluster:
    """Remembers what is sent, takes everything, and finds nothing; `broken` refuses the next request."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, Any]] = []
        self.broken = False

    def request(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """An answer that all of replay's requests understand."""
        if self.broken:
            self.broken = False
            raise ClusterError("gone")
        self.sent.append((method, path, body))
        if path == "/_bulk":
            return {"items": [{"create": {"status": 201}}] * (len(body.splitlines()) // 2)}
        return {}

    def taken(self) -> list[str]:
        """What was sent since the last time, in short: ``PUT template``, ``POST _execute``."""
        kinds = [
            f"{method} {path.rpartition('/')[2] if method == 'POST' else 'template'}" for method, path, _ in self.sent
        ]
        self.sent.clear()
        return kinds


@pytest.fixture
def cluster() -> Cluster:
    """One for each test."""
    return Cluster()


def replayed(on: Rehearsal, root: Path) -> AnalyticResult:
    """One more run, of what stands in the files now."""
    findings = Findings()
    repository = load_repository(root, findings)
    findings.raise_errors()
    return on.run(repository, repository.analytics["XX0001"], ())


def change(path: Path, old: str, new: str) -> None:
    """Write something else in a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_second_run_asks_the_cluster_nothing(cluster: Cluster, tmp_path: Path) -> None:
    """And gives the same; at the end everything that was made is removed."""
    root = write(tmp_path)
    with Rehearsal(cluster) as on:
        first = replayed(on, root)
        kinds = cluster.taken()
        assert {"PUT template", "POST _bulk", "POST _execute"} <= set(kinds)

        second = replayed(on, root)

        assert [] == cluster.taken()
    assert [failure for _, failure in first.failures] == [failure for _, failure in second.failures]
    assert {"DELETE template"} == set(cluster.taken())


def test_only_the_monitor_that_changed_runs_again(cluster: Cluster, tmp_path: Path) -> None:
    """No event is sent, and no run of the other monitor."""
    root = write(tmp_path)
    with Rehearsal(cluster) as on:
        replayed(on, root)
        cluster.taken()
        change(root / "detections/DET9999/XX0001/analytic.yml", "window: 5m", "window: 6m")

        replayed(on, root)

        bodies = [json.dumps(body) for _, path, body in cluster.sent if path.endswith("_execute")]
        assert bodies
        assert {"POST _execute"} == set(cluster.taken())
        assert all('"name": "XX0001 Connections listed"' in body for body in bodies), bodies


def test_a_changed_event_takes_the_place_of_the_old_one(cluster: Cluster, tmp_path: Path) -> None:
    """The old one is removed by its id, only the new one is sent, and every monitor runs again."""
    root = write(tmp_path)
    with Rehearsal(cluster) as on:
        replayed(on, root)
        before = [json.loads(line)["create"]["_id"] for body in bulks(cluster) for line in body.splitlines()[::2]]
        runs = cluster.taken().count("POST _execute")
        change(root / "detections/DET9999/XX0001/samples.yml", "2026-03-03T10:03:00Z", "2026-03-03T10:04:00Z")

        replayed(on, root)

        (removed,) = [
            body["query"]["ids"]["values"] for _, path, body in cluster.sent if path.endswith("_delete_by_query")
        ]
        (sent,) = bulks(cluster)
        assert (1, 2) == (len(removed), len(sent.splitlines()))
        assert removed[0] in before
        assert runs == cluster.taken().count("POST _execute")


def test_a_changed_mapping_sets_everything_up_anew(cluster: Cluster, tmp_path: Path) -> None:
    """Under another name, and the old one is removed first."""
    root = write(tmp_path)
    with Rehearsal(cluster) as on:
        replayed(on, root)
        cluster.taken()
        change(root / "mappings/components/base.yml", "{type: ip}", "{type: keyword}")

        replayed(on, root)

        assert "DELETE template" == (kinds := cluster.taken())[0]
        assert {"PUT template", "POST _bulk", "POST _execute"} <= set(kinds)


def test_after_an_error_everything_is_begun_anew(cluster: Cluster, tmp_path: Path) -> None:
    """A cluster that was away may have lost what was there."""
    root = write(tmp_path)
    with Rehearsal(cluster) as on:
        replayed(on, root)
        change(root / "detections/DET9999/XX0001/analytic.yml", "window: 5m", "window: 6m")
        cluster.broken = True
        with pytest.raises(ClusterError):
            replayed(on, root)
        cluster.taken()

        replayed(on, root)

        assert "PUT template" in cluster.taken()


def test_a_stage_is_renewed_before_another_run_takes_it_for_left_behind(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any run removes stages of an hour; whoever goes on after half of that gets a new one."""
    monkeypatch.setattr(rehearsal, "RENEWED", 0)
    root = write(tmp_path)
    with Rehearsal(cluster) as on:
        replayed(on, root)
        cluster.taken()

        replayed(on, root)

        assert "PUT template" in cluster.taken()


def bulks(cluster: Cluster) -> list[str]:
    """The bodies of the bulk requests."""
    return [body for _, path, body in cluster.sent if path == "/_bulk"]
