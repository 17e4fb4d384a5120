"""The plan, and the rules that keep it from doing harm: they are its own methods, so a dry run meets them too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from deployer.model.environment import Limits
from deployer.model.errors import DeployerError, RefusedError
from deployer.model.resource import Kind
from deployer.plan import capacity, losses
from deployer.plan.actions import Action, Conflict, Note, Purpose, Refusal, Remark, Verb
from deployer.plan.live import ClusterFacts
from deployer.plan.record import Entry
from deployer.plan.selection import EVERYTHING, Selection


class UnsafePlanError(RefusedError):
    """A plan that its own rules refuse; nothing was written."""

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        first, rest = refusals[0], refusals[1:]
        what = first.what + "".join(f"; {refusal.what}" for refusal in rest)
        super().__init__(f"refused: {what}", why=first.why, todo=" ".join(dict.fromkeys(r.todo for r in refusals)))
        self.refusals = refusals


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deploy would do, and what it would leave.

    `actions` stand in the order of their kinds and keys. `managed` counts the live objects of the deployment, `monitors`
    the monitors among them, `wanted` the objects of the repository and `wanted_monitors` the monitors among those.
    A rollback goes to the deployment of number `target`.
    `repairs` are entries that a killed run left out of the record, `gone` keys of the record whose objects are no more,
    `abandoned` keys of what a killed run meant to do that need nothing more: done (a delete), or wanted no longer.
    """

    environment: str
    deployment: str
    production: bool
    limits: Limits
    actions: tuple[Action, ...]
    notes: tuple[Note, ...] = ()
    repairs: tuple[Entry, ...] = ()
    gone: tuple[str, ...] = ()
    abandoned: tuple[str, ...] = ()
    unchanged: int = 0
    managed: int = 0
    monitors: int = 0
    wanted: int = 0
    wanted_monitors: int = 0
    allow_mass_change: bool = False
    allow_overload: bool = False
    purpose: Purpose = Purpose.DEPLOY
    target: int = 0
    selection: Selection = EVERYTHING
    facts: ClusterFacts = field(default_factory=ClusterFacts)

    def of(self, *verbs: Verb) -> list[Action]:
        """The actions of these verbs."""
        return [action for action in self.actions if action.verb in verbs]

    @property
    def empty(self) -> bool:
        """Nothing to write, not even to the record."""
        return not (self.actions or self.repairs or self.abandoned)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What does not stop a deploy, and should be known."""
        refused = not self.allow_overload and capacity.overload(self.facts, self.actions)
        found = ["" if refused else capacity.compilations(self.facts, self.actions)]
        if self.facts.status == "red":
            found.append("the cluster's health is red: some data cannot be read or written, and a deploy is refused")
        return tuple(text for text in found if text)

    @property
    def losses(self) -> tuple[str, ...]:
        """What a rollback cannot bring back, and a destruction takes for good."""
        return losses.losses(self.purpose, self.actions)

    def refusals(self, *, looking: bool = False) -> tuple[Refusal, ...]:
        """Why this plan may not be carried out; with `looking`, only what makes the plan itself a failure."""
        return tuple(refusal for refusal in self._refusals() if refusal.looking or not looking)

    def check(self) -> None:
        """Raise `UnsafePlanError` if the plan may not be carried out, DeployerError if the cluster is in no state for it."""
        found = self.refusals()
        if found:
            raise UnsafePlanError(found)
        if self.facts.status == "red" and not self.empty:
            raise DeployerError(
                "the cluster's health is red",
                why="a primary shard is missing, so what is written may be lost and what is read may be incomplete",
                todo="Mend the cluster first: GET _cluster/allocation/explain tells what is missing.",
            )

    def _refusals(self) -> Iterator[Refusal]:
        yield from self._nothing()
        yield from self._many()
        yield from self._protected()
        yield from self._ownership()
        yield from self._capacity()
        yield from self._conflicts()

    def _capacity(self) -> Iterator[Refusal]:
        """Not more monitors than the cluster can store or run."""
        for found in (capacity.room(self.facts, self.actions), capacity.overload(self.facts, self.actions)):
            if found is not None and not (self.allow_overload and found.code == "overload"):
                yield found

    def _nothing(self) -> Iterator[Refusal]:
        """Promise 9: never down to nothing, unless that is the wish."""
        if self.purpose is Purpose.DESTROY:
            return
        deleted = sum(1 for action in self.of(Verb.DELETE) if action.kind is Kind.MONITOR)
        if not self.wanted and self.purpose is Purpose.ROLLBACK:
            yield Refusal(
                "nothing",
                f"nothing stood there after deploy {self.target}, while {self.managed} objects of {self.deployment} are live",
                "a rollback to nothing would remove everything",
                "If that is meant, use `deployer destroy`.",
            )
        elif not self.wanted:
            yield Refusal(
                "nothing",
                f"there is nothing to deploy, while {self.managed} objects of {self.deployment} are live",
                "an empty folder or a wrong path is more likely than the wish to remove everything",
                "Check --root and the environment.",
            )
        elif self.monitors and (not self.wanted_monitors or deleted >= self.monitors) and self._removes_all(deleted):
            yield Refusal(
                "nothing",
                f"none of the {self.monitors} live monitors of {self.deployment} would remain",
                "a deployment without a monitor detects nothing",
                "Check --root and that detections/ is complete.",
            )

    def _removes_all(self, deleted: int) -> bool:
        added = [action for action in self.of(Verb.CREATE, Verb.ADOPT) if action.kind is Kind.MONITOR]
        return not self.wanted_monitors or (deleted >= self.monitors and not added)

    def _many(self) -> Iterator[Refusal]:
        """Promise 8: not too much at once."""
        updates, deletes = len(self.of(Verb.UPDATE)), len(self.of(Verb.DELETE))
        if self.allow_mass_change or not self.managed or self.purpose is Purpose.DESTROY:
            return
        limit, least = self.limits.max_changed_percent, self.limits.min_objects
        numbers = f"{updates} updates and {deletes} deletes of {self.managed} managed objects"
        todo = "Look at the plan; if it is meant, allow it for this run with --allow-mass-change."
        if self.managed >= least and (updates + deletes) * 100 > limit * self.managed:
            yield Refusal(
                "many", f"{numbers} are {(updates + deletes) * 100 / self.managed:.0f} %, over the limit of {limit} %",
                "a mistake in one file should not reach most of the detections", todo,
            )  # fmt: skip
        elif self.managed < least and deletes * 2 > self.managed:
            yield Refusal("many", f"{numbers} would delete more than half", "few objects are soon all of them", todo)

    def _protected(self) -> Iterator[Refusal]:
        """Promise 11: a protected analytic is neither deleted nor disabled."""
        for action in self.actions:
            if action.protected and action.kind in (Kind.MONITOR, Kind.WORKFLOW) and _silences(action):
                verb = "deleted" if action.verb is Verb.DELETE else "disabled"
                yield Refusal(
                    "protected",
                    f"{action.key} belongs to a protected analytic and would be {verb}",
                    "protected: true says that this detection must not fall silent",
                    "Take the protection away in a change of its own and deploy that first.",
                )

    def _ownership(self) -> Iterator[Refusal]:
        """Promise 13: what is not ours is not touched."""
        for note in self.notes:
            if note.remark is Remark.FOREIGN:
                yield Refusal("ownership", note.text, "it carries no mark of this deployment", _FOREIGN_TODO)
            if note.remark is Remark.AMBIGUOUS:
                yield Refusal("ownership", note.text, "a copy carries the same marks as what it was copied from", _COPY_TODO)  # fmt: skip

    def _conflicts(self) -> Iterator[Refusal]:
        """Promise 16: what was changed by hand is not silently undone."""
        for conflict, (what, why, todo) in _CONFLICTS.items():
            keys = [action.key for action in self.actions if action.conflict is conflict]
            if keys:
                named = ", ".join(keys[:5]) + (f" and {len(keys) - 5} more" if len(keys) > 5 else "")
                if self.purpose is Purpose.DESTROY and conflict is Conflict.DRIFT:
                    todo = _DESTROY_TODO
                yield Refusal(str(conflict), f"{what}: {named}", why, todo, looking=False)


_FOREIGN_TODO = "Rename one of the two, or take it over with --adopt."
_COPY_TODO = "Delete or rename the one that is not meant (by its id), then plan again."
_DRIFT_TODO = (
    "Say which side is right: --on-drift revert writes the repository's, --on-drift keep leaves the cluster's."
)
_DESTROY_TODO = "--on-drift revert deletes them all the same, --on-drift keep leaves them."
_CONFLICTS = {
    Conflict.DRIFT: ("changed by hand", "somebody may have had a reason, and it is not in the repository", _DRIFT_TODO),
    Conflict.DELETED: (
        "deleted by hand",
        "they are recorded as deployed and are not on the cluster (or not to be seen with these credentials)",
        _DRIFT_TODO,
    ),
    Conflict.UNVERIFIED: (
        "not in the record, so nobody knows whether they were changed",
        "they carry this deployment's marks, but what was sent last is not recorded",
        "Say which side is right: --accept live takes them as they are, --accept desired writes the repository's.",
    ),
    Conflict.ROLLOVER: (
        "needs a rollover",
        "a field that is there cannot be mapped anew: only a new backing index gets it, and older events keep what they have",
        "Allow it for this run with --allow-rollover, or leave the changed templates out with --exclude.",
    ),
}


def _silences(action: Action) -> bool:
    if action.verb is Verb.DELETE:
        return True
    if action.verb is not Verb.UPDATE or action.resource is None or action.live is None:
        return False
    return bool(action.live.body.get("enabled", True)) and not action.resource.body.get("enabled", True)
