"""A plan as text for a terminal or a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deployer.plan import Action, Conflict, Plan, Purpose, Verb
from deployer.plan.actions import Closing
from deployer.report import changes, notes
from deployer.report.escape import visible

SIGNS = {Verb.CREATE: "+", Verb.UPDATE: "~", Verb.DELETE: "-", Verb.ADOPT: "=", Verb.ACCEPT: "=", Verb.EXTEND: "~", Verb.ROLLOVER: "~"}  # fmt: skip
COLOURS = {Verb.CREATE: "32", Verb.UPDATE: "33", Verb.DELETE: "31", Verb.ADOPT: "36", Verb.ACCEPT: "36", Verb.EXTEND: "33", Verb.ROLLOVER: "33"}  # fmt: skip

_CONFLICTS = {
    Conflict.DRIFT: "--on-drift revert or keep decides",
    Conflict.DELETED: "--on-drift revert or keep decides",
    Conflict.UNVERIFIED: "--accept live or desired decides",
    Conflict.ROLLOVER: "--allow-rollover allows it",
}


def plan_text(plan: Plan, address: str = "", *, colour: bool = False) -> str:
    """The plan: head, a line an object with its field changes, what stays and why, and the sum."""
    paint = _painted if colour else _plain
    parts = [*_head(plan, address)]
    body = [line for action in plan.actions for line in _action(action, paint)]
    stays = list(_notes(plan))
    if body:
        parts += ["", *body]
    if stays:
        parts += ["", "Left as it is:", *stays]
    if plan.losses:
        parts += ["", *plan.losses]
    for warning in plan.warnings:
        parts += ["", f"warning: {visible(warning)}"]
    for refusal in plan.refusals():
        head = "A deploy would be refused" if not refusal.looking else "Refused"
        parts += ["", paint(f"{head}: {visible(refusal.what)}", "31"), f"  {visible(refusal.why)}", f"  {refusal.todo}"]
    return "\n".join([*parts, "", summary(plan)])


def summary(plan: Plan) -> str:
    """``Plan: 2 to add, 1 to change, 0 to destroy.``, or ``No changes.``"""
    if plan.empty:
        return "No changes."
    count = {verb: len(plan.of(verb)) for verb in Verb}
    text = f"Plan: {count[Verb.CREATE]} to add, {count[Verb.UPDATE]} to change, {count[Verb.DELETE]} to destroy"
    if count[Verb.ADOPT]:
        text += f", {count[Verb.ADOPT]} to adopt"
    if count[Verb.ACCEPT]:
        text += f", {count[Verb.ACCEPT]} to accept as they are"
    if count[Verb.EXTEND]:
        text += f", {_streams(count[Verb.EXTEND])} to extend"
    if count[Verb.ROLLOVER]:
        text += f", {_streams(count[Verb.ROLLOVER])} to roll over"
    if plan.repairs:
        text += f", {len(plan.repairs)} to note in the record (a killed run had written them)"
    if plan.abandoned:
        text += f", {len(plan.abandoned)} to clear from the record (a killed run had begun them)"
    return f"{text}."


def _streams(number: int) -> str:
    return f"{number} data stream{'s' if number != 1 else ''}"


def _head(plan: Plan, address: str) -> Iterator[str]:
    where = f" on {address}" if address else ""
    version = f" (OpenSearch {plan.facts.version})" if plan.facts.version else ""
    mark = ", production" if plan.production else ""
    yield f"Environment {plan.environment}{mark}: deployment {plan.deployment}{where}{version}"
    if plan.purpose is Purpose.ROLLBACK:
        yield f"Rollback to what stood there after deploy {plan.target}"
    elif plan.purpose is Purpose.DESTROY:
        yield "Destruction of everything that the deployment owns"
    chosen = plan.selection
    if chosen.chosen is not None:
        terms = [*(f"--select {term}" for term in chosen.select), *(f"--exclude {term}" for term in chosen.exclude)]
        yield f"Left out by {visible(' '.join(terms))}: {len(chosen.left_out)} of {plan.wanted} objects"
    if chosen.drafts:
        yield f"Left out as drafts: {visible(notes.few(chosen.drafts))}"


def _action(action: Action, paint: Callable[[str, str], str]) -> Iterator[str]:
    title = "" if action.name in action.key or action.key.rsplit("/", 1)[-1] in action.name.split("-") else action.name
    label = f"{SIGNS[action.verb]} {action.key}" + (f'  "{visible(title)}"' if title else "")
    if action.reason:
        label += f"  ({action.reason})"
    yield paint(f"  {label}", COLOURS[action.verb])
    for line in changes.lines(action.changes):
        yield f"      {line}"
    if action.causes:
        yield f"      because of {', '.join(visible(cause) for cause in action.causes)}"
    for line in changes.lines(action.drift):
        yield f"      changed by hand: {line}"
    if action.closing is not None:
        yield f"      {visible(closing(action.closing))}"
    if action.conflict is not None:
        yield paint(f"      conflict: {_CONFLICTS[action.conflict]}", "31")


def closing(found: Closing) -> str:
    """Which open alerts end, and why: ``closes 12 open alerts: it is deleted``."""
    return f"closes {found.count} open alert{'s' if found.count != 1 else ''}: {found.why}"


def _notes(plan: Plan) -> Iterator[str]:
    for text, drift in notes.left(plan):
        yield f"  {visible(text)}"
        for line in changes.lines(drift):
            yield f"      changed by hand: {line}"


def _painted(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _plain(text: str, code: str) -> str:
    return text
