"""What a change made on the cluster means in the repository: a value in the environment's file, or nothing that has a name there. No I/O.

A tunable is found by trying: a value that the change suggests is rendered, and taken if it brings about exactly this change.
The server rewrites what it stores, so places differ; but each old value with its new one is the same pair in both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployer.catalogue import tunables as forms
from deployer.catalogue.yamlfile import Document
from deployer.desired.edits import Edit
from deployer.model import durations
from deployer.model.analytic import SEVERITIES, Analytic, MonitorSpec, Tunable, WorkflowSpec
from deployer.model.condition import TunableRef
from deployer.model.environment import MonitorOverride
from deployer.model.finding import Findings
from deployer.model.resource import Kind
from deployer.plan.canonical import canonical
from deployer.plan.compare import Absent, FieldChange, changes
from deployer.render import monitors
from deployer.render.target import Target

UNITS = {"SECONDS": 1, "MINUTES": 60, "HOURS": 3600, "DAYS": 86400}

_SEVERITY = re.compile(r"triggers\[0\]\.\w+\.severity")
_TEXTS = re.compile(r"\.actions(\[|$)")
_LOOK_BACK = re.compile(r"\|\|-(\d+[smhd])\b")

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What became of the changes of one monitor or workflow: edits of the environment's file, what has no place there with the reason, and remarks."""

    key: str
    edits: tuple[Edit, ...]
    unmapped: tuple[tuple[FieldChange, str], ...]
    remarks: tuple[str, ...]


def pull(
    analytic: Analytic,
    spec: MonitorSpec | WorkflowSpec,
    target: Target,
    stored: Mapping[str, Any],
    live: Mapping[str, Any],
) -> Pulled:
    """The changes of a monitor or workflow from what was stored (`stored`) to what is (`live`), in the words of the repository."""
    return _Pull(analytic, spec, target, stored, live).run()


class _Pull:
    def __init__(
        self,
        analytic: Analytic,
        spec: MonitorSpec | WorkflowSpec,
        target: Target,
        stored: Mapping[str, Any],
        live: Mapping[str, Any],
    ) -> None:
        self.analytic, self.spec, self.target, self.live = analytic, spec, target, live
        self.left = list(changes(stored, live))
        self.edits: list[Edit] = []
        self.unmapped: list[tuple[FieldChange, str]] = []
        self.remarks: list[str] = []

    def run(self) -> Pulled:
        name = f"{self.analytic.id}/{self.spec.key}"
        for change in self._take(lambda path: path == "enabled"):
            self._enabled(name, change)
        for change in self._take(lambda path: _SEVERITY.fullmatch(path) is not None):
            self._severity(name, change)
        scheduled = self._take(lambda path: path.split(".")[0] == "schedule")
        if scheduled:
            self._schedule(name, scheduled)
        self._tunables()
        self.unmapped += [(change, self._why(change)) for change in self.left]
        kind = Kind.MONITOR if isinstance(self.spec, MonitorSpec) else Kind.WORKFLOW
        return Pulled(f"{kind}/{name}", tuple(self.edits), tuple(self.unmapped), tuple(self.remarks))

    def _take(self, fits: Any) -> list[FieldChange]:
        taken = [change for change in self.left if fits(change.path)]
        self.left = [change for change in self.left if change not in taken]
        return taken

    def _enabled(self, name: str, change: FieldChange) -> None:
        own = self._overrides().get(self.analytic.id)
        if change.new and own is not None and not own.enabled:
            self.unmapped.append((change, f"monitors.{self.analytic.id} of the environment disables all its monitors"))
        elif change.new and isinstance(self.spec, MonitorSpec) and not self.spec.standalone:
            self.unmapped.append((change, f"it runs in workflows only: `standalone` in {self.spec.where}"))
        elif not change.new and self.analytic.protected:
            self.unmapped.append((change, f"{self.analytic.id} is protected: it may not be disabled"))
        else:
            self.edits.append(Edit(("monitors", name, "enabled"), bool(change.new)))

    def _severity(self, name: str, change: FieldChange) -> None:
        word = next((word for word, number in SEVERITIES.items() if number == change.new), None)
        if word is None:
            self.unmapped.append((change, f"there is no severity '{change.new}': {', '.join(SEVERITIES)} are 1 to 5"))
        else:
            self.edits.append(Edit(("monitors", name, "severity"), word))

    def _schedule(self, name: str, changed: Sequence[FieldChange]) -> None:
        schedule = _words_of(self.live.get("schedule", {}))
        if schedule is None:
            self.unmapped += [(change, "no schedule that the repository has words for") for change in changed]
            return
        self.edits.append(Edit(("monitors", name, "schedule"), schedule))
        if isinstance(self.spec, MonitorSpec):
            self.remarks.append(
                f"the schedule of {name} decides how far it looks back: the next deploy makes the two fit again"
            )

    def _overrides(self) -> Mapping[str, MonitorOverride]:
        return self.target.environment.monitors if self.target.environment else {}

    def _values(self) -> dict[str, Any]:
        values = {name: tunable.default for name, tunable in self.analytic.tunables.items()}
        return values | dict(
            self.target.environment.tunables.get(self.analytic.id, {}) if self.target.environment else {}
        )

    def _body(self, values: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What the monitor is with these values of tunables; a workflow has none."""
        if not isinstance(self.spec, MonitorSpec):
            return None
        made = monitors.render(self.analytic, self.spec, self.target, Findings(), values)
        return made.body if made is not None else None

    def _tunables(self) -> None:
        values = self._values()
        base = self._body(values)
        if base is None:
            return
        for name, tunable in self.analytic.tunables.items():
            for candidate in _candidates(tunable, values[name], self.left):
                body = self._body({**values, name: candidate})
                if body is None or not self._explained(base, body):
                    continue
                self._tuned(tunable, candidate)
                values[name], base = candidate, body
                break

    def _explained(self, base: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
        """Take out the changes that a rendering brings about, if it brings about no others (but for texts, which follow)."""
        made = Counter(_pair(change) for change in changes(base, body) if not _TEXTS.search(change.path))
        found = Counter(_pair(change) for change in self.left)
        if not made or made - found:
            return False
        for pair, number in made.items():
            for _ in range(number):
                self.left.remove(next(change for change in self.left if _pair(change) == pair))
        return True

    def _tuned(self, tunable: Tunable, value: Any) -> None:
        findings, path = Findings(), ("tunables", self.analytic.id, tunable.name)
        if not forms.check(tunable, value, Document("environment", {}), path, findings):
            reason = "; ".join(finding.message for finding in findings.items)
            self.unmapped.append((FieldChange(f"tunables.{tunable.name}", self._values()[tunable.name], value), reason))
            return
        self.edits.append(Edit(path, value))
        others = [
            key for key, spec in self.analytic.monitors.items()
            if key != self.spec.key and self._uses(spec, tunable.name)
        ]  # fmt: skip
        if others:
            self.remarks.append(f"{tunable.name} is also of {', '.join(f'{self.analytic.id}/{key}' for key in others)}, which change with it")  # fmt: skip

    def _uses(self, spec: MonitorSpec, tunable: str) -> bool:
        made = monitors.render(self.analytic, spec, self.target, Findings())
        return made is not None and tunable in made.written.get("tunables", {})

    def _why(self, change: FieldChange) -> str:
        place = self.spec.place
        if change.path == "owner":
            return "the owner marks the deployment; `deploy --on-drift revert` restores it"
        if change.path == "name" or change.path.endswith(".name"):
            return f"the title stands in {place('title')}"
        if _TEXTS.search(change.path):
            return "messages and who gets them come from templates/messages and from notify of the environment"
        if change.path.startswith("inputs") or change.path.startswith("triggers"):
            if not isinstance(self.spec, MonitorSpec):
                return f"the monitors and the condition of a workflow stand in {self.spec.where}"
            fixed = "" if isinstance(self.spec.threshold, TunableRef) else f"; its threshold is fixed in {place('threshold')}"  # fmt: skip
            return f"no value of a tunable has this effect; the conditions stand in {self.spec.where}{fixed}"
        return "the repository has no word for it"


def _words_of(schedule: Mapping[str, Any]) -> dict[str, str] | None:
    cron, period = schedule.get("cron"), schedule.get("period")
    if cron:
        return {"cron": str(cron["expression"]), "timezone": str(cron["timezone"])}
    if not period or period.get("unit") not in UNITS:
        return None
    return {"interval": durations.words(int(period["interval"]) * UNITS[period["unit"]])}


def _pair(change: FieldChange) -> Pair:
    return _text(change.old), _text(change.new)


def _text(value: Any) -> str:
    """A value in a form that survives the server: it makes numbers of some parameters texts, and of others floats."""
    if isinstance(value, Absent):
        return "(none)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{float(value):g}"
    if isinstance(value, str):
        return _LOOK_BACK.sub(lambda match: f"||-{durations.seconds(match[1])}s", value)
    return canonical(value).decode("utf-8", "replace")


def _candidates(tunable: Tunable, current: Any, found: Sequence[FieldChange]) -> Iterator[Any]:
    """Values of a tunable that changes suggest."""
    match tunable.type:
        case "integer":
            for change in found:
                if _text(change.old) == _text(current) and re.fullmatch(r"-?\d+", _text(change.new)):
                    yield int(_text(change.new))
        case "duration":
            yield from _lengths(durations.seconds(current), found)
        case "boolean":
            yield not current
        case "choice":
            yield from (choice for choice in tunable.bounds.get("choices", ()) if choice != current)
        case "patterns" | "strings":
            for change in found:
                if isinstance(change.old, list) and isinstance(change.new, list):
                    gone = {_text(item).casefold() for item in change.old} - {
                        _text(item).casefold() for item in change.new
                    }
                    kept = [item for item in current if item.casefold() not in gone]
                    yield [*kept, *(item for item in change.new if item not in change.old and isinstance(item, str))]
            yield from ([*current[:number], *current[number + 1 :]] for number in range(len(current)))


def _lengths(current: int, found: Sequence[FieldChange]) -> Iterator[str]:
    """Durations: what a look-back, or a throttle in minutes, grew or shrank by."""
    for change in found:
        old, new = _LOOK_BACK.search(_text(change.old)), _LOOK_BACK.search(_text(change.new))
        if old and new:
            length = current + durations.seconds(new[1]) - durations.seconds(old[1])
            if length > 0:
                yield durations.words(length)
        elif change.path.endswith("throttle.value") and isinstance(change.new, int):
            yield durations.words(change.new * 60)
