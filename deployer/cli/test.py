"""`deployer test`."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from deployer.cli import choosing, clusters, common, completing, control, counting, wishes
from deployer.model.errors import UsageError
from deployer.model.finding import Findings

if TYPE_CHECKING:
    from deployer.model.analytic import Repository
    from deployer.model.environment import Environment
    from deployer.model.tested import AnalyticResult


@click.command(epilog="Example: deployer test --env local AN0903 AN0904")
@common.root_option
@common.stage_option
@clusters.cluster_option
@click.argument("ids", nargs=-1, metavar="[ID...]", shell_complete=completing.analytics)
@wishes.selection
@click.option("--changed", is_flag=True, help="Only analytics that files touch which differ from the main branch.")
@click.option(
    "--base", metavar="REF", help="What --changed compares with: a branch, tag or commit. [default: the main branch]"
)
@click.option(
    "--against",
    metavar="ENV",
    help="Count what the monitors would have raised on this environment's own data, read-only, instead of replaying samples.",
)
@click.option("--since", metavar="DURATION", help="How far --against looks back. [default: 24h]")
@click.option("--until", metavar="TIME", help="Where --against ends, such as 2026-03-02T10:05:00Z. [default: now]")
@click.option(
    "--top", type=click.IntRange(0, 1000), help="How many entities --against names of a monitor. [default: 5]"
)
@control.report_options
@wishes.output_options("junit", "github")
@click.pass_context
def test(
    context: click.Context,
    root: Path | None,
    environment: str,
    cluster: str | None,
    ids: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    changed: bool,
    base: str | None,
    against: str | None,
    since: str | None,
    until: str | None,
    top: int | None,
    report: Path | None,
    report_key: str | None,
    output: str,
    output_file: Path | None,
) -> int:
    """Replay the sample events of analytics (default: all) and check that exactly what they say alerts.

    Events go through their pipelines into throw-away indices, which no deployed monitor sees and which are removed
    afterwards; monitors run there with the clock of each case. Tunables have their defaults, and the values that
    the cases and their variants give. A draft (named by its ID) fails with what it still lacks. A tunable is proven if a case alerts under one value of it and not under another;
    exit code 1 if something alerts otherwise than the samples say, or if they do not prove every tunable and monitor.

    With --changed, an analytic is tested if a file of its folder differs, or a log source, pipeline, mapping or template
    that it is made of, an environment, or this tool beside them. Files that are not committed count, and those that git does not know yet.

    With --against nothing is replayed: the searches of the monitors, as that environment would get them, are asked of its
    own data, and the episodes that their schedules would have opened are counted, by day, with who alerted most often.

    With --report, what passed is also written to a file that is bound to the git commit and to what each analytic was made
    of: a production environment is deployed only with one (`deploy --test-report`).
    """
    if report is not None and against is not None:
        raise UsageError("--report is of replayed samples, and --against replays none", todo="Give one of the two.")
    if against is not None:
        if context.get_parameter_source("environment") is ParameterSource.COMMANDLINE:
            raise UsageError("--env and --against name an environment each", todo="Give one of the two.")
        asked = counting.Question(
            against,
            cluster,
            ids,
            select,
            exclude,
            changed,
            base,
            since or "24h",
            until,
            5 if top is None else top,
            output,
            output_file,
        )
        return counting.run(root, asked)
    for name, value in (("since", since), ("until", until), ("top", top)):
        if value is not None:
            raise UsageError(f"--{name} goes with --against", todo="Name an environment with --against.")
    wishes.check_output(output_file)
    wanted = control.wanted_report(common.find_root(root), report, report_key)
    return _replayed(root, environment, cluster, ids, (select, exclude), changed, base, output, output_file, wanted)


def _replayed(
    root: Path | None,
    environment: str,
    cluster: str | None,
    ids: tuple[str, ...],
    terms: tuple[Sequence[str], Sequence[str]],
    changed: bool,
    base: str | None,
    output: str,
    output_file: Path | None,
    report: control.Wanted | None,
) -> int:
    from deployer import replay
    from deployer.catalogue import load_environment, load_repository
    from deployer.check import check_repository
    from deployer.check.drafts import unfinished

    folder, findings = common.find_root(root), Findings()
    changes = choosing.changes_since(folder, changed, base)
    repository = load_repository(folder, findings)
    loaded = load_environment(folder, environment, repository.analytics, repository.sources, findings)
    check_repository(repository, findings)
    findings.raise_errors()
    chosen = choosing.choose(repository, ids, changes, *terms)
    lacking = [unfinished(repository.analytics[name], repository) for name in chosen.ids]
    by_name = {item.analytic: item for item in lacking if item is not None}
    ready = [name for name in chosen.ids if name not in by_name]
    everywhere = _environments(folder, repository)
    ran: Sequence[AnalyticResult] = ()
    if ready:
        with cleaning_up():
            client = common.connect(loaded, cluster)
            ran = replay.run(client, repository, ready, common.note, everywhere)
    by_name |= {item.analytic: item for item in ran}
    results = [by_name[name] for name in chosen.ids]
    _tell_ready(repository, results)
    if report is not None:
        report.write(repository, everywhere, results)
    shown, summary = _shown(results, output, folder, chosen)
    wishes.emit(shown, output_file)
    if output_file is not None:
        common.note(summary)
    return 0 if all(item.passed for item in results) else 1


def _tell_ready(repository: Repository, results: Sequence[AnalyticResult]) -> None:
    for item in results:
        if item.passed and repository.analytics[item.analytic].status == "draft":
            common.note(f"note: {item.analytic} lacks nothing any more; `status: active` in its analytic.yml deploys it")


def _environments(root: Path, repository: Repository) -> list[Environment]:
    """All environments that can be read: their exceptions are tried. What is wrong with another is not this command's matter."""
    from deployer.catalogue import environment_names, load_environment

    found = [
        load_environment(root, name, repository.analytics, repository.sources, Findings())
        for name in environment_names(root)
    ]
    return [item for item in found if item is not None]


@contextmanager
def cleaning_up() -> Iterator[None]:
    """SIGTERM ends the run as Ctrl-C does, so that the throw-away indices are removed when a job is cancelled too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _shown(results: Sequence[AnalyticResult], output: str, root: Path, chosen: choosing.Chosen) -> tuple[str, str]:
    """The results in a form, and their sums in a line."""
    from deployer.report import samples, samples_junit, samples_markdown

    summary = samples.summary(results) if results else chosen.nothing
    if output == "json":
        return wishes.dumped(samples.samples_json(results, summary, chosen.as_json())), summary
    if output == "junit":
        return samples_junit.samples_junit(results), summary
    if output == "markdown":
        return samples_markdown.samples_markdown(results, summary), summary
    if output == "github":
        return samples.samples_github(results, summary), summary
    return samples.samples_text(results, summary, common.source_lines(root)), summary


COMMAND = test
