"""Which analytics a test is about: those named, all that are active, or what a change touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer.cli import common
from deployer.model.errors import UsageError

if TYPE_CHECKING:
    from deployer.catalogue.revisions import Changes
    from deployer.model.analytic import Repository


@dataclass(frozen=True, slots=True)
class Chosen:
    """The ids of analytics to test. `changes` are what they were chosen by, with the files that touch each, if they were."""

    ids: tuple[str, ...]
    changes: Changes | None = None
    touched: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def nothing(self) -> str:
        """Why there is nothing to test."""
        if self.changes is None:
            return "Nothing to test."
        compared = f"{self.changes.ref} ({self.changes.base[:12]})"
        if not self.changes.files:
            return f"Nothing to test: no file differs from {compared}."
        files = common.counts((len(self.changes.files), "file", ""))
        return f"Nothing to test: {files} {'differs' if len(self.changes.files) == 1 else 'differ'} from {compared}, and none touches an analytic."

    def as_json(self) -> dict[str, Any] | None:
        """What differs, as JSON; None if that was not asked."""
        if self.changes is None:
            return None
        return {
            "base": self.changes.ref,
            "commit": self.changes.base,
            "files": list(self.changes.files),
            "touched": {name: list(files) for name, files in self.touched.items()},
        }


def changes_since(root: Path, changed: bool, base: str | None) -> Changes | None:
    """The files that differ, if asked for. UsageError for --base alone, and where git cannot tell."""
    from deployer.catalogue.revisions import changed_files

    if base is not None and not changed:
        raise UsageError("--base says what --changed compares with", todo="Add --changed.")
    return changed_files(root, base) if changed else None


def choose(
    repository: Repository,
    ids: Sequence[str],
    changes: Changes | None,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Chosen:
    """The analytics named, or all that are active; of these what is selected; and of these, with `changes`, those that it touches.

    Raises UsageError for an unknown id, a term that fits nothing, and for a repository without an active analytic.
    """
    from deployer.plan.selection import drafts_fitting, select_analytics
    from deployer.render import active

    for name in ids:
        if name not in repository.analytics:
            raise UsageError(common.unknown("analytic", name, repository.analytics))
    for term in select if not ids else ():
        if drafts_fitting(term, repository.analytics):
            raise UsageError(f"--select {term} fits drafts only", todo="A draft is tested when its id is named.")
    wanted = tuple(dict.fromkeys(ids)) or tuple(active(repository))
    of = select_analytics({name: repository.analytics[name] for name in wanted}, select, exclude)
    wanted = tuple(name for name in wanted if name in of)
    if changes is None:
        if not wanted:
            todo = "Name a draft to see what it lacks." if repository.analytics else ""
            raise UsageError("there is no active analytic to test", todo=todo)
        return Chosen(wanted)
    from deployer.check.touched import touched

    found = touched(repository, changes.files)
    chosen = Chosen(tuple(name for name in wanted if name in found), changes, found)
    _tell(chosen, [] if ids else [name for name in found if name not in wanted])
    return chosen


def _tell(chosen: Chosen, drafts: Sequence[str]) -> None:
    from deployer.report.notes import few

    for name in chosen.ids:
        files = chosen.touched[name]
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        common.note(f"{name} is touched by {files[0]}{more}")
    if drafts:
        said = f"{drafts[0]} is a draft" if len(drafts) == 1 else f"{few(drafts)} are drafts"
        common.note(f"note: {said}, and tested only when named")
