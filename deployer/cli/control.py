"""What `test`, `plan` and `deploy` share of change control: the options, and the rules of an environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deployer.cli import applying, common, wishes
from deployer.model.errors import UsageError

if TYPE_CHECKING:
    from deployer.cluster import Vault
    from deployer.deploy.control import Gate, Report
    from deployer.model.analytic import Repository
    from deployer.model.environment import Environment
    from deployer.model.tested import AnalyticResult
    from deployer.plan import PlanFile
    from deployer.plan.evidence import Verdict

F = TypeVar("F", bound=Callable[..., Any])

TEST_REPORT = click.option(
    "--test-report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A report of `deployer test --report` that speaks for what is deployed. A production environment wants one.",
)


def report_options(function: F) -> F:
    """``--report`` and ``--report-key``."""
    for option in (
        click.option(
            "--report-key",
            metavar="REFERENCE",
            help="Sign the report with the key at env:NAME or file:PATH (HMAC-SHA-256).",
        ),
        click.option(
            "--report",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="Write a test report there, bound to the commit and to what was tested, for `deploy --test-report`.",
        ),
    ):
        function = option(function)
    return function


def before_deploy(prepared: wishes.Prepared, given: Path | None) -> None:
    """Raise RefusedError unless the environment lets the repository be deployed as it lies there."""
    gate = _gate(prepared, given)
    gate.deploy(prepared.loaded.root, lambda: made_of(prepared), lambda: _report(prepared, given))


def before_writing(root: Path, environment: Environment, vault: Vault) -> None:
    """Raise RefusedError unless the environment lets what is no detection be written from the repository as it lies there."""
    from deployer import __version__
    from deployer.deploy.control import Gate

    Gate(environment, __version__, vault.read, os.environ).beside(root)


def before_saving(prepared: wishes.Prepared, given: Path | None) -> Mapping[str, Any] | None:
    """Raise RefusedError unless a plan may be saved; the test report that goes into it, if there is one."""
    gate, wanted = _gate(prepared, given), prepared.loaded.environment.control.evidence
    if given is None and wanted is not None and wanted.file is not None and not _place(prepared, wanted.file).is_file():
        common.note(f"note: there is no {wanted.file}; deploying the plan will want it")
        report = None
    else:
        report = _report(prepared, given)
    gate.save(prepared.loaded.root, made_of(prepared), report)
    return None if report is None else report.value


def before_showing(prepared: wishes.Prepared, given: Path | None) -> None:
    """Raise RefusedError if a report was given that does not speak for what is planned."""
    if given is not None:
        report = _report(prepared, given)
        assert report is not None, "one was given"
        _gate(prepared, given).check(prepared.loaded.root, made_of(prepared), report)


def before_deploying(prepared: wishes.Prepared, saved: PlanFile, name: str, given: Path | None) -> None:
    """Raise RefusedError unless the environment lets a plan file be deployed from what is checked out."""
    from deployer.deploy.control import report_in

    def report() -> Report | None:
        return _report(prepared, given) if given is not None or saved.tests is None else report_in(saved, name)

    _gate(prepared, given).saved(prepared.loaded.root, saved, name, report)


def made_of(prepared: wishes.Prepared) -> dict[str, str]:
    """The digest of what each analytic is made of that a run is about."""
    from deployer.plan.evidence import contents

    return contents(prepared.wish.desired, prepared.wish.selection)


def _report(prepared: wishes.Prepared, given: Path | None) -> Report | None:
    """The report that was given, or else the one that the environment's file names."""
    from deployer.deploy.control import read_report

    wanted = prepared.loaded.environment.control.evidence
    if given is not None:
        return read_report(given)
    return read_report(_place(prepared, wanted.file)) if wanted is not None and wanted.file is not None else None


def _place(prepared: wishes.Prepared, name: str) -> Path:
    return prepared.vault.path(name)


def _gate(prepared: wishes.Prepared, given: Path | None) -> Gate:
    from deployer import __version__
    from deployer.deploy.control import Gate

    return Gate(prepared.loaded.environment, __version__, prepared.vault.read, os.environ, given is not None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A test report that was asked for: where it goes, what signs it, and the commit, read before anything is tested."""

    root: Path
    file: Path
    key: str | None
    commit: str
    dirty: bool

    def write(
        self, repository: Repository, environments: Sequence[Environment], results: Sequence[AnalyticResult]
    ) -> None:
        """Write how analytics fared, and what they were made of, for every environment that can be rendered."""
        from deployer.deploy.files import write_whole
        from deployer.plan.evidence import Evidence, dump

        made, about = _rendered(repository, environments), applying.about(self.root)
        analytics = tuple(_tested(one, made) for one in results)
        evidence = Evidence(about.tool, self.commit, self.dirty, about.at, about.who, about.job, analytics)
        try:
            write_whole(self.file, dump(evidence, self.key))
        except OSError as error:
            raise UsageError(
                f"{self.file} cannot be written", why=str(error.strerror), todo="Give another file with --report."
            ) from None
        tested = common.counts((len(analytics), "analytic", ""))
        common.note(f"test report of {tested} written to {self.file}")


def wanted_report(root: Path, file: Path | None, reference: str | None) -> Wanted | None:
    """The report that is asked for, if one is. UsageError for a key that is no reference, SecretError for one that is not there."""
    from deployer.cluster import Vault
    from deployer.deploy.tree import read_tree
    from deployer.model.environment import SecretRef
    from deployer.model.errors import Location, RefusedError

    if file is None:
        if reference is not None:
            raise UsageError("--report-key signs a report", todo="Add --report FILE.")
        return None
    if reference is not None and not reference.startswith(("env:", "file:")):
        why = "a key never stands on a command line, where others can read it"
        raise UsageError("--report-key is no reference", why=why, todo="Write env:NAME or file:PATH.")
    wishes.check_output(file)
    key = Vault(root).read(SecretRef(reference, Location("--report-key"))) if reference is not None else None
    try:
        tree = read_tree(root)
    except RefusedError as error:
        common.note(f"note: {error.what}: no production environment takes this report")
        return Wanted(root, file, key, "", True)
    if tree.dirty:
        common.note("note: files are not as they were committed: no production environment takes this report")
    return Wanted(root, file, key, tree.commit, tree.dirty)


def _tested(result: AnalyticResult, made: Mapping[str, Mapping[str, str]]) -> Verdict:
    from deployer.plan.evidence import Verdict

    return Verdict(
        analytic=result.analytic,
        passed=result.passed,
        cases=result.cases,
        events=result.events,
        checks=result.checks,
        failures=len(result.failures),
        findings=len(result.findings),
        tunables=len(result.tunables),
        proven=len(result.proven),
        content={name: made_of[result.analytic] for name, made_of in made.items() if result.analytic in made_of},
    )


def _rendered(repository: Repository, environments: Sequence[Environment]) -> dict[str, dict[str, str]]:
    """What each analytic is made of in each environment. One that has errors is left out: it cannot be deployed either."""
    from deployer.model.finding import Findings
    from deployer.plan.evidence import contents
    from deployer.render import render_environment

    made = {}
    for environment in environments:
        findings = Findings()
        resources = render_environment(repository, environment, findings)
        if not findings.errors:
            made[environment.name] = contents(resources)
    return made
