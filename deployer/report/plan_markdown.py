"""A plan as Markdown that fits a comment on a pull request: summary first, a table a kind, folded differences, everything escaped."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.model.resource import Kind
from deployer.plan import Action, Plan, Purpose
from deployer.report import changes, notes
from deployer.report.escape import markdown
from deployer.report.plan_text import SIGNS, closing, summary

LIMIT = 60_000
"""Characters; GitHub's comments take 65,536."""


def plan_markdown(plan: Plan, address: str = "", limit: int = LIMIT) -> str:
    """The plan. If it would be longer than `limit` characters, whole objects are left out and counted."""
    head = "\n".join(_head(plan, address))
    sections = [section for kind in Kind for section in _table(plan, kind)]
    sections += [_details(action) for action in plan.actions if action.changes or action.drift]
    kept, size = [head], len(head)
    for number, section in enumerate(sections):
        if size + len(section) > limit - 200:
            kept.append(f"\n**Cut here: {len(sections) - number} more parts. `deployer plan --output json` has all.**")
            break
        kept.append(section)
        size += len(section) + 1
    return "\n".join(kept) + "\n"


def _head(plan: Plan, address: str) -> Iterator[str]:
    yield f"### {summary(plan)}"
    yield ""
    where = f" on {markdown(address)}" if address else ""
    yield f"Environment {markdown(plan.environment)}{' (production)' if plan.production else ''}, deployment {markdown(plan.deployment)}{where}"
    if plan.purpose is Purpose.ROLLBACK:
        yield f"\nRollback to what stood there after deploy {plan.target}"
    elif plan.purpose is Purpose.DESTROY:
        yield "\n**Destruction of everything that the deployment owns**"
    if plan.selection.chosen is not None:
        terms = " ".join([*plan.selection.select, *(f"--exclude {term}" for term in plan.selection.exclude)])
        yield f"\nLeft out by {markdown(terms)}: {len(plan.selection.left_out)} of {plan.wanted} objects"
    if plan.selection.drafts:
        yield f"\nLeft out as drafts: {markdown(notes.few(plan.selection.drafts))}"
    for refusal in plan.refusals():
        yield f"\n> **{'Refused' if refusal.looking else 'A deploy would be refused'}:** {markdown(refusal.what)}. {refusal.todo}"
    for loss in plan.losses:
        yield f"\n> {markdown(loss)}"
    for warning in plan.warnings:
        yield f"\n> Warning: {warning}"
    stays = [text for text, _ in notes.left(plan)]
    for text in stays[:50]:
        yield f"\n- {markdown(text)}"
    if len(stays) > 50:
        yield f"\n- and {len(stays) - 50} more"


def _table(plan: Plan, kind: Kind) -> Iterator[str]:
    rows = [action for action in plan.actions if action.kind is kind]
    if not rows:
        return
    yield f"\n| | {kind} | name | why |\n|---|---|---|---|"
    for action in rows:
        yield f"| {SIGNS[action.verb]} | {markdown(action.key)} | {markdown(action.name)} | {_why(action)} |"


def _why(action: Action) -> str:
    parts = [markdown(cause) for cause in action.causes]
    if action.drift:
        parts.append("changed by hand")
    if action.conflict:
        parts.append(f"**conflict ({action.conflict})**")
    if action.closing is not None:
        parts.append(markdown(closing(action.closing)))
    return ", ".join([*parts, *([action.reason] if action.reason else [])])


def _details(action: Action) -> str:
    lines = [markdown(line) for line in changes.lines(action.changes)]
    lines += [f"changed by hand: {markdown(line)}" for line in changes.lines(action.drift)]
    items = "\n".join(f"- {line}" for line in lines)
    return f"\n<details><summary>{markdown(action.key)}</summary>\n\n{items}\n\n</details>"
