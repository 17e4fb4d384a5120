"""Plans and results of one or several clusters in one report. One cluster has the form of `plan_*` and `result_*` alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from deployer.model.errors import DeployerError
from deployer.plan import Plan
from deployer.plan.history import Chronicle
from deployer.plan.outcome import Attempt, Fate, Result
from deployer.report.escape import markdown, visible
from deployer.report.github import plan_github
from deployer.report.history import history_json, history_text
from deployer.report.plan_json import plan_json
from deployer.report.plan_markdown import LIMIT, plan_markdown
from deployer.report.plan_text import plan_text, summary
from deployer.report.result import result_json, result_markdown, result_text

FORMAT_VERSION = 1


def plans_text(attempts: Sequence[Attempt[Plan]], *, colour: bool = False) -> str:
    """Each cluster's plan, then a line for each."""
    return join_text(attempts, lambda item, plan: plan_text(plan, item.address, colour=colour), summary)


def results_text(attempts: Sequence[Attempt[Result]]) -> str:
    """What became of each cluster, then a line for each."""
    return join_text(attempts, lambda item, result: result_text(result), _sums)


def plans_markdown(attempts: Sequence[Attempt[Plan]]) -> str:
    """Each cluster's plan; together they fit a comment."""
    share = LIMIT // max(1, len(attempts))
    return join_markdown(attempts, lambda item, plan: plan_markdown(plan, item.address, share))


def results_markdown(attempts: Sequence[Attempt[Result]]) -> str:
    """What became of each cluster."""
    return join_markdown(attempts, lambda item, result: result_markdown(result))


def plans_json(attempts: Sequence[Attempt[Plan]], environment: str) -> dict[str, Any]:
    """The plans as a JSON object: the plan itself for one cluster, ``clusters`` with one each for several."""
    return join_json(attempts, environment, lambda item, plan: plan_json(plan, item.address))


def results_json(attempts: Sequence[Attempt[Result]], environment: str) -> dict[str, Any]:
    """The results as a JSON object, likewise."""
    return join_json(attempts, environment, lambda item, result: result_json(result))


def plans_github(attempts: Sequence[Attempt[Plan]]) -> str:
    """The plans as annotations of a GitHub job."""
    parts = [
        plan_github(item.value, item.cluster) if item.value is not None else plan_github(None, item.cluster, item.error)
        for item in attempts
    ]
    return "\n".join(part for part in parts if part)


def histories_text(attempts: Sequence[Attempt[Chronicle]]) -> str:
    """The deployments of each cluster."""
    return join_text(attempts, lambda item, found: history_text(found), _newest)


def histories_json(attempts: Sequence[Attempt[Chronicle]], environment: str, deployment: str) -> dict[str, Any]:
    """The same as a JSON object: of one cluster alone, ``clusters`` with one each for several."""
    return join_json(attempts, environment, lambda item, found: history_json(found, environment, deployment))


def join_text(
    attempts: Sequence[Attempt[Any]], show: Callable[[Attempt[Any], Any], str], end: Callable[[Any], str]
) -> str:
    """What `show` makes of each cluster's value, and for several a line each by `end`."""
    if len(attempts) == 1 and attempts[0].value is not None:
        return show(attempts[0], attempts[0].value)
    parts: list[str] = []
    for item in attempts:
        body = _error(item.error) if item.value is None else show(item, item.value)
        parts += [f"Cluster {item.label}", *(f"  {line}" if line else "" for line in body.splitlines()), ""]
    width = max((len(item.label) for item in attempts), default=0)
    ends = [
        f"{item.label:{width}}  {end(item.value) if item.value is not None else _error(item.error).splitlines()[0]}"
        for item in attempts
    ]
    return "\n".join([*parts, *ends])


def join_markdown(attempts: Sequence[Attempt[Any]], show: Callable[[Attempt[Any], Any], str]) -> str:
    """What `show` makes of each cluster's value, below a heading each for several."""
    if len(attempts) == 1 and attempts[0].value is not None:
        return show(attempts[0], attempts[0].value)
    parts = []
    for item in attempts:
        body = f"**Failed:** {markdown(_error(item.error))}\n" if item.value is None else show(item, item.value)
        parts.append(f"## Cluster {markdown(item.label)}\n\n{body}")
    return "\n".join(parts)


def join_json(
    attempts: Sequence[Attempt[Any]], environment: str, show: Callable[[Attempt[Any], Any], dict[str, Any]]
) -> dict[str, Any]:
    """What `show` makes of one cluster's value, or ``clusters`` with what it makes of each of several."""
    if len(attempts) == 1 and attempts[0].value is not None:
        return show(attempts[0], attempts[0].value)
    clusters = [
        {"name": item.cluster, "address": item.address, "error": _error_json(item.error)}
        | ({"error": None, "result": show(item, item.value)} if item.value is not None else {"result": None})
        for item in attempts
    ]
    return {"format_version": FORMAT_VERSION, "environment": environment, "clusters": clusters}


def _error(error: DeployerError | None) -> str:
    if error is None:
        return "nothing was done"
    lines = [f"failed: {visible(str(error))}"]
    lines += [visible(text) for text in (error.why, error.todo) if text]
    return "\n".join(lines)


def _error_json(error: DeployerError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {
        "code": error.code,
        "exit_code": error.exit_code,
        "what": str(error),
        "why": error.why,
        "todo": error.todo,
    }


def _newest(found: Chronicle) -> str:
    if not found.deployments:
        return "nothing is recorded"
    one, ended = found.deployments[0]
    return f"deploy {one.number} at {visible(one.at)}: {visible(one.title)}, {ended}"


def _sums(result: Result) -> str:
    if not result.outcomes:
        return summary(result.plan)
    counts = ", ".join(f"{fate} {len(result.of(fate))}" for fate in Fate if result.of(fate))
    return f"{counts}, unchanged {result.plan.unchanged}"
