"""Rules about sample events: cases must not see each other, and every tunable must be shown to matter."""

from __future__ import annotations

from pathlib import PurePosixPath

from deployer.check.repository import tunables_of_alerts, tunables_used
from deployer.model.analytic import Analytic, Case, MonitorSpec, Repository, WorkflowSpec
from deployer.model.finding import Findings


def check_samples(repository: Repository, findings: Findings) -> None:
    """Add a finding for overlapping cases (DAC010), and for what the samples of an active analytic do not prove (DAC017)."""
    for analytic_id, cases in repository.cases.items():
        analytic = repository.analytics.get(analytic_id)
        if analytic is None:
            continue
        _clocks(cases, findings)
        if analytic.status == "active" and not (not cases and _unread(analytic, findings)):
            check_proof(analytic, cases, findings)


def _unread(analytic: Analytic, findings: Findings) -> bool:
    """Whether its samples have an error of form: then nothing is known of what they prove, and that error says what to mend."""
    beside = str(PurePosixPath(analytic.where.file).with_name("samples.yml"))
    return any(error.where.file == beside for error in findings.errors)


def proven(case: Case) -> set[str]:
    """The tunables that a case shows to change an outcome: a variant changes that one only, and another outcome is expected."""
    result: set[str] = set()
    for variant in case.variants:
        changed = {name for name, value in variant.tunables.items() if case.base.tunables.get(name, _MISSING) != value}
        if len(changed) == 1 and _alerting(variant.alerts) != _alerting(case.base.alerts):
            result |= changed
    return result


_MISSING = object()


def _alerting(alerts: object) -> dict[str, object]:
    assert isinstance(alerts, dict)
    return {key: entities for key, entities in alerts.items() if entities}


def _clocks(cases: tuple[Case, ...], findings: Findings) -> None:
    seen: dict[int, Case] = {}
    for case in cases:
        if case.clock in seen:
            findings.add(
                "DAC010",
                f"the case '{case.name}' has the clock of '{seen[case.clock].name}'",
                case.where,
                "give each case a day of its own, so that none sees another's events",
            )
        seen[case.clock] = case


def check_proof(analytic: Analytic, cases: tuple[Case, ...], findings: Findings) -> None:
    """Add a finding for each monitor without a positive, tunable without proof, and where nothing must stay silent (DAC017)."""
    shown = {name for case in cases for name in proven(case)} | tunables_used(analytic) - tunables_of_alerts(analytic)
    for name, tunable in analytic.tunables.items():
        if name not in shown:
            findings.warn(
                "DAC017",
                f"no sample shows that the tunable {name} changes an outcome",
                tunable.where,
                "add a variant that changes only it, with another expectation",
            )
    positive = {key for case in cases for key, entities in case.base.alerts.items() if entities}
    specs: dict[str, MonitorSpec | WorkflowSpec] = {**analytic.monitors, **analytic.workflows}
    for key, spec in specs.items():
        if key not in positive:
            findings.add(
                "DAC017",
                f"no sample event makes the {'monitor' if key in analytic.monitors else 'workflow'} {key} alert",
                spec.where,
                "add a case that expects an alert of it",
            )
    if not any(not _alerting(case.base.alerts) for case in cases):
        findings.add(
            "DAC017",
            f"{analytic.id} has no case that must not alert",
            analytic.where,
            "add a near miss with an empty expectation",
        )
