"""How far the techniques of ATT&CK are covered: by analytics that are tested, and that run on a cluster. Drafts cover nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.model.analytic import Analytic
from deployer.model.resource import Kind, Resource
from deployer.report.findings import counted

if TYPE_CHECKING:  # a coverage without a cluster loads no client of one
    from deployer.cluster.status import Health, Status

TACTICS = (
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "defense-evasion",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
)
"""The tactics of Enterprise ATT&CK in its order, as short names. Others come after them."""

POINTS = 50
"""Of a score of 100: so many for being tested, so many for being deployed."""


@dataclass(frozen=True, slots=True)
class State:
    """An analytic and what is known of it. `tested` and `deployed` are None where nobody told or asked.

    `tested`: every case alerted as the samples say. `deployed`: all its enabled monitors stand on every cluster that was
    asked, and none of them is late, failing or never ran; `remark` says what is missing.
    """

    analytic: Analytic
    tested: bool | None = None
    deployed: bool | None = None
    remark: str = ""

    @property
    def draft(self) -> bool:
        """Whether it is never deployed, and so covers nothing."""
        return self.analytic.status != "active"

    @property
    def score(self) -> int:
        """0 to 100; of a draft 0, whatever else is known."""
        return 0 if self.draft else POINTS * bool(self.tested) + POINTS * bool(self.deployed)

    @property
    def words(self) -> str:
        """As a person reads it: ``tested, not deployed``."""
        if self.draft:
            return "draft"
        tested = {True: "tested", False: "fails its tests", None: "tests not known"}[self.tested]
        deployed = {True: "deployed", False: "not deployed", None: "deployment not known"}[self.deployed]
        return f"{tested}, {deployed}{f' ({self.remark})' if self.remark else ''}"


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique under a tactic, with the active analytics and the drafts that name both."""

    tactic: str
    technique: str
    states: tuple[State, ...]
    drafts: tuple[State, ...]

    @property
    def score(self) -> int | None:
        """The mean of its active analytics, rounded down; None where there are drafts only: that is no coverage."""
        return sum(state.score for state in self.states) // len(self.states) if self.states else None

    @property
    def address(self) -> str:
        """Its page at ATT&CK."""
        return f"https://attack.mitre.org/techniques/{self.technique.replace('.', '/')}/"

    @property
    def platforms(self) -> tuple[str, ...]:
        """Where its active analytics look, sorted."""
        return tuple(sorted({state.analytic.platform for state in self.states}))


def techniques(states: Iterable[State]) -> tuple[Technique, ...]:
    """The techniques in the order of ATT&CK's tactics. An analytic that names several tactics stands under each."""
    found: dict[tuple[str, str], list[State]] = {}
    for state in states:
        attack = state.analytic.attack
        for tactic in dict.fromkeys(map(str, attack["tactics"])):
            for technique in dict.fromkeys(map(str, attack["techniques"])):
                found.setdefault((tactic, technique), []).append(state)
    return tuple(
        Technique(*place, tuple(s for s in of if not s.draft), tuple(s for s in of if s.draft))
        for place, of in sorted(found.items(), key=lambda item: (tactic_place(item[0][0]), item[0]))
    )


def tactic_place(tactic: str) -> int:
    """The place of a tactic in the matrix; behind all others if ATT&CK's order does not have it."""
    return TACTICS.index(tactic) if tactic in TACTICS else len(TACTICS)


def states_of(
    analytics: Mapping[str, Analytic],
    tested: Mapping[str, bool],
    resources: Sequence[Resource] = (),
    statuses: Sequence[Status] | None = None,
) -> list[State]:
    """The state of each analytic, by id. `tested` has what results tell of them; `statuses` is None if no cluster was asked.

    `resources` are what the environment of those clusters wants.
    """
    wanted: dict[str, list[str]] = {}
    for resource in resources:
        if resource.analytic and resource.kind in (Kind.MONITOR, Kind.WORKFLOW) and resource.body.get("enabled"):
            wanted.setdefault(resource.analytic, []).append(resource.key)
    healths = [{item.key: item.health for item in status.monitors} for status in statuses or ()]
    result = []
    for name, analytic in sorted(analytics.items()):
        deployed, remark = None, ""
        if healths and analytic.status == "active":
            deployed, remark = _deployed(wanted.get(name, ()), healths)
        result.append(State(analytic, tested.get(name), deployed, remark))
    return result


def _deployed(keys: Sequence[str], healths: Sequence[Mapping[str, Health]]) -> tuple[bool, str]:
    if not keys:
        return False, "all its monitors are disabled"
    missing: set[str] = set()
    sick: dict[str, str] = {}
    for health in healths:
        for key in keys:
            if key not in health:
                missing.add(key)
            elif health[key].counts or health[key].value == "disabled":
                sick[key] = health[key].words
    remarks = []
    if missing and len(missing) < len(keys):
        remarks.append(f"{len(missing)} of {counted(len(keys), 'monitor')} missing")
    remarks += [f"{key.rpartition('/')[2]} {words}" for key, words in sorted(sick.items())]
    return not missing and not sick, ", ".join(remarks)


def sums(found: Sequence[Technique], states: Sequence[State]) -> str:
    """One line: how many techniques, by how many analytics, in what state."""
    active = [state for state in states if not state.draft]
    drafts = len(states) - len(active)
    covered = {item.technique for item in found if item.score is not None}
    parts = [f"{counted(len(covered), 'technique')} by {counted(len(active), 'active analytic')}"]
    for name, values in (("tested", [s.tested for s in active]), ("deployed", [s.deployed for s in active])):
        known = [value for value in values if value is not None]
        parts.append(f"{sum(known)} {name}" if known else f"not known which are {name}")
    if drafts:
        parts.append(f"{counted(drafts, 'draft')}, which {'covers' if drafts == 1 else 'cover'} nothing")
    return "; ".join(parts) + "."
