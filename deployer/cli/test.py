"""`deployer test`."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli import clusters, common, wishes
from deployer.model.errors import UsageError
from deployer.model.finding import Findings

if TYPE_CHECKING:
    from deployer.model.tested import AnalyticResult


@click.command(epilog="Example: deployer test --env local AN0903 AN0904")
@common.root_option
@click.option(
    "--env",
    "environment",
    default="local",
    show_default=True,
    envvar="DEPLOYER_ENV",
    metavar="NAME",
    help="The environment on whose cluster the throw-away indices are made.",
)
@clusters.cluster_option
@click.argument("ids", nargs=-1, metavar="[ID...]")
@wishes.output_options("junit", "github")
def test(
    root: Path | None,
    environment: str,
    cluster: str | None,
    ids: tuple[str, ...],
    output: str,
    output_file: Path | None,
) -> int:
    """Replay the sample events of analytics (default: all) and check that exactly what they say alerts.

    Events go through their pipelines into throw-away indices, which no deployed monitor sees and which are removed
    afterwards; monitors run there with the clock of each case. Tunables have their defaults, and the values that
    the cases and their variants give. A tunable is proven if a case alerts under one value of it and not under another;
    exit code 1 if something alerts otherwise than the samples say, or if they do not prove every tunable and monitor.
    """
    from deployer import replay
    from deployer.catalogue import load_environment, load_repository
    from deployer.check import check_repository
    from deployer.render import active
    from deployer.report.samples import summary

    wishes.check_output(output_file)
    folder, findings = common.find_root(root), Findings()
    repository = load_repository(folder, findings)
    loaded = load_environment(folder, environment, repository.analytics, repository.sources, findings)
    check_repository(repository, findings)
    findings.raise_errors()
    for name in ids:
        if name not in repository.analytics:
            raise UsageError(common.unknown("analytic", name, repository.analytics))
    chosen = list(dict.fromkeys(ids)) or list(active(repository))
    if not chosen:
        raise UsageError("there is no active analytic to test")
    with _cleaning_up():
        results = replay.run(common.connect(loaded, cluster), repository, chosen, common.note)
    wishes.emit(_shown(results, output, folder), output_file)
    if output_file is not None:
        common.note(summary(results))
    return 0 if all(item.passed for item in results) else 1


@contextmanager
def _cleaning_up() -> Iterator[None]:
    """SIGTERM ends the run as Ctrl-C does, so that the throw-away indices are removed when a job is cancelled too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _shown(results: Sequence[AnalyticResult], output: str, root: Path) -> str:
    from deployer.report import samples, samples_junit, samples_markdown

    if output == "json":
        return wishes.dumped(samples.samples_json(results))
    if output == "junit":
        return samples_junit.samples_junit(results)
    if output == "markdown":
        return samples_markdown.samples_markdown(results)
    if output == "github":
        return samples.samples_github(results)
    return samples.samples_text(results, common.source_lines(root))


COMMAND = test
