"""What a rollback cannot bring back, in words (promise 27)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deployer.model.resource import Kind
from deployer.plan.actions import Action, Purpose, Verb

_ALERTING = (Kind.MONITOR, Kind.WORKFLOW)


def losses(purpose: Purpose, actions: Sequence[Action]) -> tuple[str, ...]:
    """One sentence about what never comes back, then what it means for these actions. Nothing for a deploy, or no action."""
    if purpose is Purpose.DEPLOY or not actions:
        return ()
    return tuple(_lines(purpose, actions))


def _lines(purpose: Purpose, actions: Sequence[Action]) -> Iterator[str]:
    if purpose is Purpose.DESTROY:
        yield "A rollback can bring back the content of what is destroyed, but neither its alerts nor its ids."
    else:
        yield (
            "What no rollback brings back: events already ingested, mappings of existing backing indices, "
            "closed alerts, ids of what was deleted."
        )
    kinds = {action.kind for action in actions}
    if purpose is Purpose.ROLLBACK and Kind.INGEST_PIPELINE in kinds:
        yield "Events already ingested stay as the pipelines of their time made them."
    if purpose is Purpose.ROLLBACK and kinds & {Kind.COMPONENT_TEMPLATE, Kind.INDEX_TEMPLATE}:
        yield "Existing backing indices keep their mappings; the restored ones hold from the next rollover on."
    ended = [action.key for action in actions if action.closing is not None]
    if ended:
        yield f"The open alerts of {_some(ended)} are closed and stay closed."
    again = [action.key for action in actions if action.kind in _ALERTING and action.verb is Verb.CREATE]
    if again:
        yield f"{_some(again)}: made again under new ids; alerts and acknowledgements of the old ids stay with those."


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
