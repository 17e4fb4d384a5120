"""Which tunables are proven: measured outcomes of the same events, under settings that differ in one tunable only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import combinations

from deployer.check.repository import tunables_of_alerts
from deployer.model.analytic import Analytic, MonitorSpec, WorkflowSpec
from deployer.model.errors import Location
from deployer.model.finding import Findings
from deployer.model.tested import Idle, Proof, Setting, TunableProof


def tunable_proofs(analytic: Analytic, settings: Sequence[Setting]) -> tuple[TunableProof, ...]:
    """What the settings prove of each tunable that decides what alerts, in the analytic's order.

    A tunable is proven if two settings of one case differ in it alone and other entities alerted. What the samples
    expect does not count, and neither does a run that failed.
    """
    alone: dict[str, list[tuple[Setting, Setting]]] = {}
    together: dict[str, list[Setting]] = {}
    for one, other in _pairs(settings):
        changed = _changed(one, other)
        if len(changed) == 1:
            alone.setdefault(changed[0], []).append((one, other))
        for name in changed if len(changed) > 1 else ():
            together.setdefault(name, []).append(other)
    wanted = tunables_of_alerts(analytic)
    return tuple(
        _proof(name, tunable.where, alone.get(name, []), together.get(name, []))
        for name, tunable in analytic.tunables.items()
        if name in wanted
    )


def idle_variants(settings: Sequence[Setting]) -> tuple[Idle, ...]:
    """The variants that prove nothing, whichever other setting of their case they are compared with."""
    shown = {
        id(setting)
        for one, other in _pairs(settings)
        if len(_changed(one, other)) == 1 and one.alerts != other.alerts
        for setting in (one, other)
    }
    base = {setting.of: setting for setting in settings if not setting.variant}
    return tuple(
        Idle(setting.case, setting.where, setting.given, _why(base[setting.of], setting))
        for setting in settings
        if setting.variant
        and not setting.failed_to_run
        and (id(setting) not in shown or not _changed(base[setting.of], setting))
    )


def coverage_findings(
    analytic: Analytic, settings: Sequence[Setting], proofs: Sequence[TunableProof], findings: Findings
) -> None:
    """Add DAC040 for each tunable without proof, DAC041 for each monitor that no sample made alert and if nothing must not.

    Nothing is added where runs failed: what they would have shown is not known.
    """
    if any(setting.failed_to_run for setting in settings):
        return
    for item in proofs:
        if item.proof is not Proof.PROVEN:
            findings.add("DAC040", f"the tunable {item.name} {_LACKS[item.proof]}", item.where, _hint(item))
    alerted = monitors_alerted(settings)
    specs: dict[str, MonitorSpec | WorkflowSpec] = {**analytic.monitors, **analytic.workflows}
    for key, spec in specs.items():
        if key not in alerted:
            findings.add(
                "DAC041",
                f"the {'monitor' if key in analytic.monitors else 'workflow'} {key} alerted on no sample event",
                spec.where,
                "add a case that expects an alert of it",
            )
    if not any(not setting.variant and not setting.positive for setting in settings):
        findings.add(
            "DAC041",
            f"{analytic.id} has no case that must not alert",
            analytic.where,
            "add a near miss with an empty expectation",
        )


def monitors_alerted(settings: Sequence[Setting]) -> set[str]:
    """The monitors that some sample made alert."""
    return {key for setting in settings for key in setting.alerts}


_LACKS = {
    Proof.DEAD: "is dead: it changes no outcome",
    Proof.TOGETHER: "is not proven: it is changed only along with others",
    Proof.UNTESTED: "is not proven: no variant gives it another value",
}


def _hint(item: TunableProof) -> str:
    places = ", ".join(str(place) for place in item.places[:3]) + (", ..." if len(item.places) > 3 else "")
    if item.proof is Proof.DEAD:
        return f"the same entities alert under each of its values ({places}); add a case that it decides, or remove it"
    if item.proof is Proof.TOGETHER:
        return f"add a variant that changes it alone (now: {places})"
    return "add a variant that changes it alone, and by that what alerts"


def _pairs(settings: Sequence[Setting]) -> Iterator[tuple[Setting, Setting]]:
    cases: dict[Location, list[Setting]] = {}
    for setting in settings:
        if not setting.failed_to_run:
            cases.setdefault(setting.of, []).append(setting)
    for own in cases.values():
        yield from combinations(own, 2)


def _changed(one: Setting, other: Setting) -> list[str]:
    """The tunables whose values differ. By their JSON: 1 and true are two values, and lists have an order."""
    return [
        name
        for name in one.tunables
        if json.dumps(one.tunables[name], sort_keys=True) != json.dumps(other.tunables[name], sort_keys=True)
    ]


def _proof(name: str, where: Location, alone: list[tuple[Setting, Setting]], together: list[Setting]) -> TunableProof:
    for one, other in alone:
        if one.alerts != other.alerts:
            values = (one.tunables[name], other.tunables[name])
            return TunableProof(name, Proof.PROVEN, where, one.case, (one.where, other.where), values)
    if alone:
        places = tuple(dict.fromkeys(other.where for _, other in alone))
        return TunableProof(name, Proof.DEAD, where, alone[0][0].case, places)
    if together:
        return TunableProof(
            name, Proof.TOGETHER, where, together[0].case, tuple(dict.fromkeys(item.where for item in together))
        )
    return TunableProof(name, Proof.UNTESTED, where)


def _why(base: Setting, variant: Setting) -> str:
    changed = _changed(base, variant)
    if not changed:
        return "its values are those of the case itself"
    if len(changed) > 1:
        return f"it changes {', '.join(changed)} at once"
    return "the same entities alert as without it"
