"""Rules about a repository as a whole: what is never used, what can never be tested."""

from __future__ import annotations

from deployer.model.analytic import Analytic, Repository
from deployer.model.condition import FromSource, Test, TunableRef, Use, When, walk
from deployer.model.finding import Findings
from deployer.render.scope import unknown_sources


def check_repository(repository: Repository, findings: Findings) -> None:
    """Add a finding for each analytic's unknown source, and for what an active one has and never uses."""
    for analytic in repository.analytics.values():
        unknown_sources(analytic, repository, findings)
        if analytic.status == "active":
            check_used(analytic, repository, findings)


def tunables_used(analytic: Analytic) -> set[str]:
    """The names of the tunables that the monitors of an analytic depend on."""
    reminders = [spec.reminder for spec in analytic.monitors.values()]
    return tunables_of_alerts(analytic) | {value.name for value in reminders if isinstance(value, TunableRef)}


def tunables_of_alerts(analytic: Analytic) -> set[str]:
    """The names of the tunables that decide what alerts; how often an alert is told again is no such thing."""
    used: set[str] = set()
    for spec in analytic.monitors.values():
        for value in (spec.window, spec.threshold, spec.distinct.threshold if spec.distinct else None):
            if isinstance(value, TunableRef):
                used.add(value.name)
    for condition in _reached(analytic):
        if isinstance(condition, When):
            used.add(condition.tunable)
        if isinstance(condition, Test) and isinstance(condition.value, TunableRef):
            used.add(condition.value.name)
    return used


def _reached(analytic: Analytic) -> list[object]:
    """Every node of the conditions that the monitors use, through named events too."""
    nodes: list[object] = []
    waiting = [condition for spec in analytic.monitors.values() for condition in (spec.events, spec.first, spec.then)]
    seen: set[str] = set()
    while waiting:
        for node in walk(waiting.pop()):
            nodes.append(node)
            if isinstance(node, Use) and node.name not in seen:
                seen.add(node.name)
                waiting.append(analytic.events.get(node.name))
    return nodes


def check_used(analytic: Analytic, repository: Repository, findings: Findings) -> None:
    """Add a finding for each tunable, named events and log source that no monitor uses. A misspelt reference is a finding of its own, and what it was meant for is not named as unused."""
    nodes, used = _reached(analytic), tunables_used(analytic)
    named = {node.name for node in nodes if isinstance(node, Use)}
    if named - set(analytic.events):
        return
    for name, tunable in analytic.tunables.items():
        if name not in used and used <= set(analytic.tunables):
            findings.add(
                "DAC011",
                f"the tunable {name} changes nothing: no monitor uses it",
                tunable.where,
                "use it in a condition, window or threshold, or remove it",
            )
    for name in analytic.events:
        if name not in named:
            findings.add(
                "DAC011", f"the events '{name}' are used by no monitor", analytic.where, "use them, or remove them"
            )
    sources = {source for node in nodes if isinstance(node, FromSource) for source in node.sources}
    served = [use for use in analytic.log_sources if use.source]
    misspelt = sources - set(repository.sources) or {use.source for use in served} - set(repository.sources)
    for use in served:
        if sources and not misspelt and use.source not in sources:
            findings.add(
                "DAC011",
                f"the log source {use.source} is used by no monitor",
                use.where,
                "ask it in a condition of a monitor",
            )
