"""Change control: from what an environment may be deployed (a commit, a branch, a plan file, a test report). Nothing is asked of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployer.deploy.tree import Tree, branches_of, named, read_tree
from deployer.model.environment import Environment, SecretRef
from deployer.model.errors import RefusedError
from deployer.plan import PlanFile, evidence

SHOWN = 5
"""So many files, or reasons about analytics, are named; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Report:
    """A test report as it was read: what it says, its whole value, and how messages call it."""

    evidence: evidence.Evidence
    value: Mapping[str, Any]
    name: str


def read_report(path: Path) -> Report:
    """The report in a file. RefusedError if it cannot be read, or was changed."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RefusedError(
            f"the test report {path.name} cannot be read", why=str(error.strerror), todo=evidence.AGAIN
        ) from None
    return Report(*evidence.load(data, path.name), path.name)


def report_in(saved: PlanFile, name: str) -> Report | None:
    """The report that a plan file has in it. RefusedError if it was changed."""
    if saved.tests is None:
        return None
    inside = f"the test report in {name}"
    return Report(evidence.of_value(saved.tests, inside), saved.tests, inside)


@dataclass(frozen=True, slots=True)
class Gate:
    """The rules of one environment. `secrets` reads the key of its test reports; `environ` are the variables of a CI job.

    `given` is true if somebody gave a test report: then it must hold, even where the environment asks for none.
    """

    environment: Environment
    tool: str
    secrets: Callable[[SecretRef], str]
    environ: Mapping[str, str]
    given: bool = False

    @property
    def open(self) -> bool:
        """Whether the environment asks for nothing."""
        control = self.environment.control
        asked = control.branches or control.require_plan or control.evidence is not None
        return not (asked or self.environment.production or self.given)

    def deploy(self, root: Path, made_of: Callable[[], Mapping[str, str]], report: Callable[[], Report | None]) -> None:
        """Raise RefusedError unless the repository as it lies there may be deployed."""
        if self.open:
            return
        name = self.environment.name
        if self.environment.control.require_plan:
            raise RefusedError(
                f"{name} takes only a plan file",
                why="its file says require_plan: true",
                todo=f"`deployer plan --env {name} --out FILE`, look at it, then `deployer deploy FILE`.",
            )
        tree = read_tree(root)
        found = [*self._clean(tree), *self._branch(tree)]
        found += self._tested(tree.commit, made_of, report)
        _raise(found, name, "deploy")

    def beside(self, root: Path) -> None:
        """Raise RefusedError unless what no test speaks of may be written, such as a dashboard: a clean tree, a named branch."""
        if self.environment.production or self.environment.control.branches:
            tree = read_tree(root)
            _raise([*self._clean(tree), *self._branch(tree)], self.environment.name, "deploy")

    def save(self, root: Path, made_of: Mapping[str, str], report: Report | None) -> None:
        """Raise RefusedError unless a plan of the repository as it lies there may be saved. The branch is asked at the deploy:
        the commit may get onto it meanwhile."""
        if self.open:
            return
        tree = read_tree(root)
        found = self._clean(tree)
        if report is not None:
            found += self._spoken(report, tree.commit, made_of)
        _raise(found, self.environment.name, "plan file")

    def check(self, root: Path, made_of: Mapping[str, str], report: Report) -> None:
        """Raise RefusedError unless a report speaks for what is checked out."""
        _raise(self._spoken(report, read_tree(root).commit, made_of), self.environment.name, "deploy")

    def saved(self, root: Path, saved: PlanFile, name: str, report: Callable[[], Report | None]) -> None:
        """Raise RefusedError unless a plan file may be deployed from what is checked out."""
        if self.open:
            return
        control, tree = self.environment.control, read_tree(root)
        found = [*self._clean(tree), *self._branch(tree)]
        again = "Commit, plan again, look at it, and deploy the new file."
        if saved.dirty or not saved.commit:
            why = "files were changed since the commit" if saved.dirty else "git could not say from which commit"
            found.append(RefusedError(f"{name} was not made from a commit", why=why, todo=again))
        elif control.require_plan and saved.commit != tree.commit:
            why = f"it was made from {saved.commit[:12]}, and {tree.commit[:12]} is checked out"
            todo = f"Check that commit out, or plan again. {self.environment.name} says require_plan: true."
            found.append(RefusedError(f"{name} is of another commit", why=why, todo=todo))
        elif control.branches and not tree.holds(saved.commit):
            why = f"it was made from {saved.commit[:12]}, which {tree.commit[:12]} does not have in its history"
            todo = f"If the clone is shallow, fetch its history (GitHub: fetch-depth: 0). If not: {again}"
            found.append(RefusedError(f"{name} is of a commit that is not on the branch", why=why, todo=todo))
        found += self._tested(saved.commit, lambda: saved.analytics, report)
        _raise(found, self.environment.name, "deploy")

    def _clean(self, tree: Tree) -> list[RefusedError]:
        if not self.environment.production or not tree.dirty:
            return []
        more = f" and {len(tree.changed) - SHOWN} more" if len(tree.changed) > SHOWN else ""
        return [
            RefusedError(
                "the git tree is dirty",
                why=f"not as in commit {tree.commit[:12]}: {', '.join(tree.changed[:SHOWN])}{more}",
                todo="Commit or stash them (`git status`), so that what is deployed is what was reviewed.",
            )
        ]

    def _branch(self, tree: Tree) -> list[RefusedError]:
        patterns = self.environment.control.branches
        if not patterns:
            return []
        branches = branches_of(tree, self.environ)
        if named(branches, patterns):
            return []
        wanted = " or ".join(patterns)
        if tree.branch:
            what, todo = f"the branch is {tree.branch}, and not {wanted}", f"Merge it, then deploy from {wanted}"
        else:
            what = f"no branch is checked out, and commit {tree.commit[:12]} is not known to be on {wanted}"
            todo = "Fetch the branch with its history (GitHub: fetch-depth: 0; GitLab: GIT_DEPTH: 0), or check it out"
        why = f"{self.environment.name} is deployed from {wanted}" + (f"; the commit is on {', '.join(sorted(branches)[:SHOWN])}" if branches and not tree.branch else "")  # fmt: skip
        return [RefusedError(what, why=why, todo=f"{todo}. `branches` in {self.environment.location.file} says which.")]

    def _tested(
        self, commit: str, made_of: Callable[[], Mapping[str, str]], report: Callable[[], Report | None]
    ) -> list[RefusedError]:
        if self.environment.control.evidence is None and not self.given:
            return []
        analytics = made_of()
        if not analytics and not self.given:
            return []  # a channel alone, say: no test speaks of it
        try:
            given = report()
        except RefusedError as error:
            return [error]
        if given is None:
            why = f"{self.environment.name} is deployed only with a report that its analytics passed at this commit"
            todo = "`deployer test --report FILE`, then deploy with --test-report FILE."
            return [RefusedError("there is no test report", why=why, todo=todo)]
        return self._spoken(given, commit, analytics)

    def _spoken(self, report: Report, commit: str, made_of: Mapping[str, str]) -> list[RefusedError]:
        """What of a report does not speak for these analytics at a commit."""
        found = evidence.refusals(
            report.evidence,
            report.name,
            environment=self.environment.name,
            commit=commit,
            made_of=made_of,
            tool=self.tool,
        )
        wanted = self.environment.control.evidence
        if wanted is not None and wanted.key is not None:
            refused = evidence.unsigned(report.evidence, report.value, report.name, self.secrets(wanted.key))
            found += [refused] if refused is not None else []
        return found


def _raise(found: Sequence[RefusedError], environment: str, what: str) -> None:
    """Raise what was found, all of it in one error."""
    if not found:
        return
    if len(found) == 1:
        raise found[0]
    shown = found[: 2 * SHOWN]
    rest = [f"and {len(found) - len(shown)} more"] if len(found) > len(shown) else []
    todos = dict.fromkeys(error.todo for error in shown if error.todo)
    raise RefusedError(
        f"{len(found)} things stand against this {what} of {environment}",
        why="\n".join([*(f"{error.what}: {error.why}" if error.why else error.what for error in shown), *rest]),
        todo="\n".join(todos),
    )
