"""The small repository of `tests.unit.repo` as a deployment of its own on a real cluster, and the commands run on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployer.cli import cli, common
from tests.bench import CHANNELS, Bench, bench
from tests.unit.repo import write


@contextmanager
def deployment(cluster_url: str, folder: Path) -> Iterator[Bench]:
    """A deployment whose repository lies in `folder`; what it makes is removed at the end."""
    with bench(cluster_url, folder) as found:
        repository(found, cluster_url)
        name = found.deployment
        found.also = [f"{CHANNELS}/{name}-demo", f"/_index_template/{name}-x.plain", f"/_ingest/pipeline/{name}-plain", f"/_component_template/{name}-base"]  # fmt: skip
        yield found


def repository(on: Bench, url: str, **changes: tuple[str, str]) -> None:
    """Write the small repository, for this deployment and an address."""
    write(on.folder, **changes)
    path = environment(on)
    text = path.read_text().replace("unit-local", on.deployment).replace('"http://127.0.0.1:9"', f'"{url}"')
    path.write_text(text)
    # Names of monitors and data streams of their own, so that deployments of other tests are not in the way.
    analytic = on.folder / "detections/DET9999/XX0001/analytic.yml"
    analytic.write_text(analytic.read_text().replace("title: ", f"title: {on.deployment} "))
    source = on.folder / "mappings/sources/x.yml"
    source.write_text(source.read_text().replace("dataset: x.plain", f"dataset: x.{on.deployment.replace('-', '')}"))


def stream(on: Bench) -> str:
    """The data stream of the small repository's source."""
    return f"logs-x.{on.deployment.replace('-', '')}-default"


def environment(on: Bench) -> Path:
    """The file of the environment `local`."""
    return on.folder / "environments/local.yml"


@contextmanager
def by_way_of(on: Bench, url: str, settings: str = "") -> Iterator[None]:
    """For a while the environment has another address, such as a proxy's, and more settings of the cluster: ``timeout: 3s, ``."""
    path = environment(on)
    before = path.read_text()
    path.write_text(before.replace(f'"{on.url}"', f'"{url}"').replace("cluster: {", f"cluster: {{{settings}"))
    try:
        yield
    finally:
        path.write_text(before)


def append(on: Bench, text: str) -> None:
    """Add lines to the environment's file."""
    path = environment(on)
    path.write_text(path.read_text() + text)


def run(on: Bench, *arguments: str) -> int:
    """Run a command on the repository, with ``--env local``."""
    return common.run(cli, [arguments[0], "--root", str(on.folder), "--env", "local", *arguments[1:]], "deployer")


def run_alone(on: Bench, *arguments: str) -> int:
    """Run a command on the repository, without an environment."""
    return common.run(cli, [arguments[0], "--root", str(on.folder), *arguments[1:]], "deployer")
