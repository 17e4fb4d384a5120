"""Runs workflows of GitHub as its runners do, as far as the examples go: anything else in them is an error here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.forge.workspace import INSTALL, Workspace

ACTIONS = ("actions/checkout", "actions/setup-python", "actions/upload-artifact", "actions/download-artifact")
_EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")


def load(file: Path) -> dict[str, Any]:
    """A workflow; the key `on` is a word to YAML, and comes as true."""
    found: dict[Any, Any] = yaml.safe_load(file.read_text("utf-8"))
    return {"on": found.pop(True), **found}


@dataclass
class Ran:
    """A job: `success`, `failure` or `skipped`, what its steps printed, its outputs and the summary for people."""

    result: str
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass
class Runner:
    """`contexts` are the values of expressions, such as ``secrets.X``."""

    space: Workspace
    contexts: dict[str, str]

    def run(self, workflow: dict[str, Any], revision: str, only: tuple[str, ...] = ()) -> dict[str, Ran]:
        """Run its jobs in their order (or `only` some), on a revision."""
        done: dict[str, Ran] = {}
        for name, job in workflow["jobs"].items():
            if only and name not in only:
                continue
            needs = [needed for needed in _list(job.get("needs")) if not only or needed in only]
            known = dict(self.contexts)
            for needed in needs:
                known |= {f"needs.{needed}.outputs.{key}": value for key, value in done[needed].outputs.items()}
                known[f"needs.{needed}.result"] = done[needed].result
            well = all(done[needed].result == "success" for needed in needs)
            wanted = _holds(job.get("if", "success()"), known, well=well)
            done[name] = self._job(job, known, revision, workflow) if wanted else Ran("skipped")
        return done

    def _job(self, job: dict[str, Any], known: dict[str, str], revision: str, workflow: dict[str, Any]) -> Ran:
        checks_out = any(str(step.get("uses", "")).startswith("actions/checkout@") for step in job["steps"])
        place = self.space.job(revision if checks_out else None)
        ran, outside = Ran("success"), {**workflow.get("env", {}), **job.get("env", {})}
        for step in job["steps"]:
            if not _holds(step.get("if", "success()"), known, well=ran.result == "success"):
                continue
            if "uses" in step:
                self._use(step, place)
            elif INSTALL not in step["run"]:
                self._step(step, place, outside, known, ran)
        ran.outputs = {
            key: known.get(_EXPRESSION.fullmatch(value)[1], "")  # type: ignore[index]
            for key, value in job.get("outputs", {}).items()
        }
        return ran

    def _use(self, step: dict[str, Any], place: Path) -> None:
        action = step["uses"].partition("@")[0]
        assert action in ACTIONS, action
        if action == "actions/upload-artifact":
            self.space.keep(step["with"]["name"], place, [step["with"]["path"]])
        elif action == "actions/download-artifact":
            self.space.fetch(step["with"]["name"], place)

    def _step(
        self, step: dict[str, Any], place: Path, outside: dict[str, str], known: dict[str, str], ran: Ran
    ) -> None:
        assert "${{" not in step["run"], "an expression in a script is code of whoever chose the value"
        told = {name: self.space.folder / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in told.values():
            file.write_text("")
        given = {**outside, **step.get("env", {})}
        variables = {
            name: _EXPRESSION.sub(lambda found: known[found[1]], str(value))
            for name, value in given.items()
            if name not in self.space.variables
        }
        code, printed = self.space.run(step["run"], place, {**variables, **{k: str(v) for k, v in told.items()}}, "-e")
        ran.log += printed
        ran.summary += told["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        for line in told["GITHUB_OUTPUT"].read_text("utf-8").splitlines():
            key, _, value = line.partition("=")
            known[f"steps.{step['id']}.outputs.{key}"] = value
        if code:
            ran.result = "failure"


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _holds(condition: str, known: dict[str, str], *, well: bool) -> bool:
    """Whether a condition holds: terms joined by &&; without `!cancelled()` in it, all before must have gone well too."""
    whole = _EXPRESSION.fullmatch(condition)
    terms = [term.strip() for term in (whole[1] if whole else condition).split("&&")]
    if "!cancelled()" not in terms and not well:
        return False
    return all(_term(term, known) for term in terms if term not in ("!cancelled()", "success()"))


def _term(term: str, known: dict[str, str]) -> bool:
    left, sign, right = re.split(" (==|!=) ", term)
    value = right.strip("'") if right.startswith("'") else known[right]
    return (known.get(left, "") == value) == (sign == "==")
