"""A saved plan, applied exactly: what it needs of a cluster, and whether the cluster still is as it was (promises 4, 5)."""

from __future__ import annotations

from collections.abc import Iterable

from deployer.deploy.look import Look, Whole, Wish
from deployer.model.environment import Environment, SecretRef
from deployer.model.errors import RefusedError
from deployer.model.resource import Kind
from deployer.plan import Selection
from deployer.plan.canonical import digest
from deployer.plan.content import SecretReader, hides, references
from deployer.plan.planfile import Part, PlanFile, StaleError, part_of
from deployer.render.channels import channels

ONLY = "what the plan names"
AGAIN = "Plan again, look at it, and deploy the new file."


def bound(saved: PlanFile, environment: Environment, name: str) -> None:
    """Raise RefusedError unless the file was made for this environment and for clusters that it has."""
    if (saved.environment, saved.deployment) != (environment.name, environment.deployment):
        raise RefusedError(
            f"{name} was made for another environment",
            why=f"for {saved.environment} (deployment {saved.deployment}), "
            f"not for {environment.name} (deployment {environment.deployment})",
            todo=AGAIN,
        )
    known = {connection.name for connection in environment.connections}
    unknown = [part.cluster or "the only one" for part in saved.parts if part.cluster not in known]
    if unknown:
        raise RefusedError(
            f"{name} is for clusters that {environment.name} does not have: {', '.join(unknown)}",
            why="the environment's clusters are not those of the plan",
            todo=AGAIN,
        )


def wish_of(saved: PlanFile, part: Part, environment: Environment, secrets: SecretReader) -> Wish:
    """What a saved plan wants of one cluster: the contents of its own actions, and nothing else.

    Raises StaleError if a secret or an address of a channel is not what it was, SecretError if it is not there.
    """
    today = {resource.key: resource.unresolved or {} for resource in channels(environment)}
    named = {found for body in today.values() for _, found in references(body)}

    def read(reference: SecretRef) -> str:
        # A forged file must not make us send a variable or a file of the runner to an address of its choice.
        if reference.reference not in named:
            raise StaleError(
                f"the plan is stale: the environment's file does not name {reference.reference}",
                why="only secrets that it names are read",
                todo=AGAIN,
            )
        return secrets(reference)

    desired = saved.content(part, read, today)
    sent = {step.key: step.sent for step in part.steps}
    other = [resource.key for resource in desired if digest(resource.body) != sent[resource.key]]
    if other:
        channel = all(key.startswith(f"{Kind.CHANNEL}/") for key in other)
        kind = ("address" if any(hides(saved.resources[key]["body"]) for key in other) else "secret") if channel else "content"  # fmt: skip
        raise StaleError(
            f"the plan is stale: the {kind} of {', '.join(other)} is not what it was when the plan was made",
            why="addresses of channels are not in the file; they are read anew",
            todo=AGAIN,
        )
    keys = frozenset((*sent, *part.gone))
    whole = Whole(part.wanted, part.wanted_monitors, part.unchanged, saved.selection)
    # Nothing else is in scope: what the plan does not name is neither an orphan nor to be pruned.
    return Wish(desired, environment, Selection(select=(ONLY,), chosen=keys), saved.choices, whole)


def unchanged(part: Part, seen: Look) -> None:
    """Raise StaleError unless a cluster is the one of the plan, and in the state in which the plan was made."""
    now = part_of(part.cluster, part.address, seen.plan, seen.record)
    if now.uuid != part.uuid:
        raise StaleError(
            f"the plan is for another cluster{f' ({part.cluster})' if part.cluster else ''}",
            why=f"it was made for the cluster with uuid {part.uuid} at {part.address}; this one has {now.uuid}",
            todo=AGAIN,
        )
    if now.seq_no is None and part.seq_no is not None:
        raise StaleError(
            "the plan is stale: the deployment's record, which it was made from, is gone",
            why="without it nobody knows what was deployed",
            todo=AGAIN,
        )
    if (now.generation, now.seq_no, now.primary_term) != (part.generation, part.seq_no, part.primary_term):
        raise StaleError(
            f"the plan is stale: {seen.record.who or 'somebody'} deployed since it was made",
            why=f"deploy {seen.record.generation} at {seen.record.at}; the plan was made after deploy {part.generation}",
            todo=AGAIN,
        )
    before, after = set(part.steps), set(now.steps)
    if before != after or set(part.repairs) != set(now.repairs):
        raise stale([*(step.key for step in before ^ after), *(set(part.repairs) ^ set(now.repairs))])


def stale(keys: Iterable[str]) -> StaleError:
    """The error about objects that are not as they were when the plan was made."""
    named = sorted(set(keys))
    text = ", ".join(named[:5]) + (f" and {len(named) - 5} more" if len(named) > 5 else "")
    return StaleError(
        f"the plan is stale: {text} changed on the cluster since it was made",
        why="what would be done now is not what was shown; nothing was written",
        todo=AGAIN,
    )
