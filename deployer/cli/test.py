"""`deployer test`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from deployer.cli import clusters, common
from deployer.model.errors import UsageError
from deployer.model.finding import Findings


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
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result."
)
def test(root: Path | None, environment: str, cluster: str | None, ids: tuple[str, ...], output: str) -> int:
    """Replay the sample events of analytics (default: all) and check that exactly what they say alerts.

    Events go through their pipelines into throw-away indices, which no deployed monitor sees and which are removed
    afterwards; monitors run there with the clock of each case. Tunables have their defaults, and the values that
    the cases and their variants give.
    """
    from deployer import replay
    from deployer.catalogue import load_environment, load_repository
    from deployer.check import check_repository
    from deployer.render import active

    folder, findings = common.find_root(root), Findings()
    repository = load_repository(folder, findings)
    loaded = load_environment(folder, environment, repository.analytics, repository.sources, findings)
    check_repository(repository, findings)
    findings.raise_errors()
    for name in ids:
        if name not in repository.analytics:
            raise UsageError(common.unknown("analytic", name, repository.analytics))
    chosen = list(ids) or list(active(repository))
    if not chosen:
        raise UsageError("there is no active analytic to test")
    results = replay.run(common.connect(loaded, cluster), repository, chosen, common.note)
    if output == "json":
        common.result(
            json.dumps(
                {
                    "format_version": 1,
                    "passed": all(item.passed for item in results),
                    "analytics": [_as_json(item) for item in results],
                },
                indent=2,
            )
        )
    else:
        common.result(_as_text(results))
    return 0 if all(item.passed for item in results) else 1


def _as_json(item: Any) -> dict[str, Any]:
    return {
        "analytic": item.analytic,
        "passed": item.passed,
        "cases": item.cases,
        "events": item.events,
        "positives": item.positives,
        "negatives": item.negatives,
        "checks": item.checks,
        "tunables": {"proven": list(item.proven), "unproven": list(item.unproven)},
        "failures": [
            {
                "case": f.case,
                "monitor": f.monitor,
                "tunables": dict(f.tunables),
                "missing": [dict(e) for e in f.missing],
                "unexpected": [dict(e) for e in f.unexpected],
                "error": f.error,
                "where": f.where,
            }
            for f in item.failures
        ],
    }


def _as_text(results: list[Any]) -> str:
    lines = []
    for item in results:
        total = len(item.proven) + len(item.unproven)
        lines.append(
            f"{'ok  ' if item.passed else 'FAIL'} {item.analytic}: {item.cases} cases ({item.positives} that alert, {item.negatives} that do not), {item.events} events, "
            f"{item.checks} checks, tunables proven {len(item.proven)}/{total}"
        )
        if item.unproven:
            lines.append(f"     not shown to change an outcome: {', '.join(item.unproven)}")
        for failure in item.failures:
            lines.append(
                f"     {failure.where}: {failure.monitor}: {failure.case}"
                + (f" with {dict(failure.tunables)}" if failure.tunables else "")
            )
            lines.extend(f"       should alert and does not: {common.entity(entity)}" for entity in failure.missing)
            lines.extend(f"       alerts and should not: {common.entity(entity)}" for entity in failure.unexpected)
            if failure.error:
                lines.append(f"       the server says: {failure.error[:400]}")
    passed = sum(item.passed for item in results)
    lines.append(f"{passed} of {len(results)} analytics alert as their samples say.")
    return "\n".join(lines)


COMMAND = test
