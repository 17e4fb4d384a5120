"""`deployer report`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deployer.cli import applying, choosing, common, seeing, wishes
from deployer.cli import clusters as choose
from deployer.model.errors import UsageError

if TYPE_CHECKING:
    from deployer.model.analytic import Repository
    from deployer.report.page import Place
    from deployer.report.page.given import File

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path, dir_okay=False)


def given_option(name: str, text: str) -> Callable[[F], F]:
    """An option for files of a kind, repeatable."""
    return click.option(name, multiple=True, type=FILE, metavar="FILE", help=f"{text} Repeatable.")


@click.command(epilog="Example: deployer report --env prod --results results.json --html report.html")
@common.root_option
@click.option(
    "--env",
    "named",
    multiple=True,
    envvar="DEPLOYER_ENV",
    metavar="NAME",
    help="Ask this environment's clusters, read-only. Repeatable. Without it none is asked.",
)
@choose.clusters_option
@click.option("--html", "page", type=FILE, required=True, metavar="FILE", help="Where to write the page.")
@click.option("--offline", is_flag=True, help="Ask no cluster, also of environments that --env names.")
@given_option("--results", "Results of `deployer test --output json`.")
@click.option(
    "--test",
    "replay",
    is_flag=True,
    help="Replay all samples first, on the cluster of the one environment that --env names, for their results.",
)
@given_option("--counts", "Counts of `deployer test --against ENV --output json`.")
@given_option("--real-logs", "A build/real-logs.json of `make real-logs`.")
@given_option(
    "--alerts",
    "Alerts of `deployer alerts --output json`: the newest of a monitor is its sample, with the names that it holds.",
)
@click.option(
    "--at",
    metavar="TIME",
    help="The time that the page says it was made at, such as 2026-03-02T10:05:00Z. [default: now]",
)
def report(
    root: Path | None,
    named: tuple[str, ...],
    clusters: tuple[str, ...],
    page: Path,
    offline: bool,
    results: tuple[Path, ...],
    replay: bool,
    counts: tuple[Path, ...],
    real_logs: tuple[Path, ...],
    alerts: tuple[Path, ...],
    at: str | None,
) -> int:
    """Write one page of HTML that needs no network: what is deployed where, ATT&CK coverage, and each detection with its log
    sources, tunables, query, sample alert, test results and false positives; drift and the last deploys.

    Nothing is written on a cluster (--test alone makes throw-away indices). What could not be known is said on the page; if
    a cluster did not answer, the page is written all the same, and the exit code is that of the failure.
    """
    from deployer.deploy.fleet import worst
    from deployer.report.page import Asked, Given, page_html, read_given

    _check(page, named, replay=replay, offline=offline)
    when = _moment(at)
    folder = common.find_root(root)
    given = {
        kind: read_given(kind, seeing.read_json(paths))
        for kind, paths in (("results", results), ("counts", counts), ("real_logs", real_logs), ("alerts", alerts))
    }
    repository = seeing.repository_at(folder)
    places = seeing.places(folder, repository, named, clusters, ask=not offline)
    if replay:
        given["results"] += (_replayed(folder, repository, named[0], clusters, places),)
    shown = tuple(place.name for place in places if place.name in named) or _first(places)
    text = page_html(Asked(repository, tuple(places), shown, when, _commit(folder), Given(**given)))
    wishes.emit(text.rstrip("\n"), page, "--html")
    failed = seeing.failures(places)
    for failure in failed:
        common.show_error(failure)
    return worst([failure.exit_code for failure in failed])


def _check(page: Path, named: Sequence[str], *, replay: bool, offline: bool) -> None:
    if replay and (offline or len(set(named)) != 1):
        raise UsageError(
            "--test wants one environment, whose cluster may be asked", todo="Name it with --env, without --offline."
        )
    wishes.check_output(page, "--html")


def _moment(text: str | None) -> str:
    if text is None:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise UsageError(f"--at {text} is no time", todo="Write it as 2026-03-02T10:05:00Z.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _first(places: Sequence[Place]) -> tuple[str, ...]:
    """The environment whose queries are shown where none is named: the first that is production, else the first."""
    readable = [place for place in places if place.environment is not None]
    readable.sort(key=lambda place: not (place.environment and place.environment.production))
    return (readable[0].name,) if readable else ()


def _commit(folder: Path) -> str:
    found = applying.about(folder)
    return f"{found.commit}{' with changes' if found.dirty else ''}" if found.commit else ""


def _replayed(
    folder: Path, repository: Repository, name: str, clusters: Sequence[str], places: Sequence[Place]
) -> File:
    """Fresh results of all samples, as a file of results has them."""
    from deployer import replay
    from deployer.cli.test import cleaning_up
    from deployer.report import samples

    environments = [place.environment for place in places if place.environment is not None]
    here = next(item for item in environments if item.name == name)
    chosen = choosing.choose(repository, (), None)
    with cleaning_up():
        client = common.connect(here, clusters[0] if clusters else None)
        found = replay.run(client, repository, chosen.ids, common.note, environments)
    return f"a run on {name}", samples.samples_json(found, samples.summary(found))


COMMAND = report
