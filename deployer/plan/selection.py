"""Which objects a run is about: the one grammar of ``--select`` and ``--exclude``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from deployer.model.analytic import Analytic
from deployer.model.errors import RefusedError, UsageError
from deployer.model.finding import near
from deployer.model.resource import Kind, Resource

PROPERTIES = ("tag", "severity", "platform")


@dataclass(frozen=True, slots=True)
class Selection:
    """The objects that a run may touch.

    `chosen` are keys of wanted objects, or None for all. What the run leaves out is neither changed nor an orphan.
    `drafts` are the analytics of which no run deploys anything.
    """

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    chosen: frozenset[str] | None = None
    left_out: tuple[str, ...] = ()
    drafts: tuple[str, ...] = ()

    def covers(self, key: str) -> bool:
        """Whether an object of this key, wanted or an orphan, is in scope."""
        if self.chosen is None or key in self.chosen:
            return True
        if self.select or key in self.left_out:
            return False
        return not any(_names(term, key) for term in self.exclude)


EVERYTHING = Selection()


def make_selection(
    resources: Sequence[Resource],
    analytics: Mapping[str, Analytic],
    select: Iterable[str] = (),
    exclude: Iterable[str] = (),
) -> Selection:
    """The selection that the terms make of the wanted objects.

    A term is an analytic (``AN0903``), a monitor (``AN0903/discovery``), a key (``ingest-pipeline/windows``), a path
    (``detections/DET0320/AN0903``), ``tag:x``, ``severity:x`` or ``platform:x``. What is selected brings along what it
    depends on, unless that is excluded.

    Raises UsageError for a term that fits no object, so that a slip of the pen never means "nothing" or "everything",
    and RefusedError for one that fits drafts only.
    """
    wanted, unwanted = tuple(select), tuple(exclude)
    if not wanted and not unwanted:
        return EVERYTHING
    by_key = {resource.key: resource for resource in resources}
    asked = {resource.key for resource in resources if resource.kind in (Kind.MONITOR, Kind.WORKFLOW)}
    chosen = set(by_key)
    if wanted:
        asked = {key for term in wanted for key in _fitting("select", term, resources, analytics)}
        chosen = with_dependencies(asked, by_key)
    for term in unwanted:
        chosen -= _fitting("exclude", term, resources, analytics)
    if not chosen or (asked and not asked & chosen):
        raise _nothing_left()
    left_out = tuple(key for key in by_key if key not in chosen)
    return Selection(wanted, unwanted, frozenset(chosen), left_out)


def select_analytics(
    analytics: Mapping[str, Analytic], select: Iterable[str] = (), exclude: Iterable[str] = ()
) -> frozenset[str]:
    """The ids of the analytics that the same terms choose; a monitor stands for its analytic.

    Raises UsageError for a term that fits no analytic, and if nothing is left.
    """
    wanted, unwanted = tuple(select), tuple(exclude)
    chosen = {name for term in wanted for name in _analytics_fitting("select", term, analytics)}
    chosen = chosen if wanted else set(analytics)
    for term in unwanted:
        chosen -= _analytics_fitting("exclude", term, analytics)
    if not chosen and (wanted or unwanted):
        raise _nothing_left()
    return frozenset(chosen)


def _analytics_fitting(option: str, term: str, analytics: Mapping[str, Analytic]) -> set[str]:
    kind, value = _parted(option, term)
    found = {name for name, analytic in analytics.items() if _fits_analytic(term, analytic)}
    if not found:
        properties = {
            "tag": {tag for analytic in analytics.values() for tag in analytic.tags},
            "platform": {analytic.platform for analytic in analytics.values()},
            "severity": {severity for analytic in analytics.values() for severity in _severities(analytic)},
        }
        raise UsageError(
            f"--{option} {term} fits no analytic",
            why="a selection of nothing is more often a typing error than a wish",
            todo=near(value or term, properties[kind] if value else analytics),
        )
    return found


def _severities(analytic: Analytic) -> set[str]:
    """Those of its monitors; of an analytic that has none yet, its own."""
    return {spec.severity or analytic.severity for spec in analytic.monitors.values()} or {analytic.severity}


def _nothing_left() -> UsageError:
    return UsageError(
        "the selection leaves nothing to do",
        why="what --select takes, --exclude leaves out",
        todo="Change one of the two.",
    )


def _parted(option: str, term: str) -> tuple[str, str]:
    """The property and the value of a term that has one."""
    kind, _, value = term.partition(":")
    if value and kind not in PROPERTIES:
        raise UsageError(f"--{option} {term}: there is no property '{kind}'", todo=near(kind, PROPERTIES))
    return kind, value


def _fitting(option: str, term: str, resources: Sequence[Resource], analytics: Mapping[str, Analytic]) -> set[str]:
    kind, value = _parted(option, term)
    found = {resource.key for resource in resources if _fits(term, resource, analytics)}
    if not found:
        _refuse_drafts(f"--{option} {term}", term, analytics)
        raise UsageError(
            f"--{option} {term} fits no object of this environment",
            why="a selection of nothing is more often a typing error than a wish",
            todo=near(value or term, _known(kind if value else "", resources, analytics)),
        )
    return found


def _refuse_drafts(said: str, term: str, analytics: Mapping[str, Analytic]) -> None:
    """Raise RefusedError if what a term fits are drafts."""
    names = drafts_fitting(term, analytics)
    if names:
        refuse_drafts(said, names)


def drafts_fitting(term: str, analytics: Mapping[str, Analytic]) -> list[str]:
    """The drafts that a term fits; none if it fits another analytic too."""
    fitting = [item for item in analytics.values() if _fits_analytic(term, item)]
    return [item.id for item in fitting] if all(item.status == "draft" for item in fitting) else []


def refuse_drafts(said: str, names: Sequence[str]) -> NoReturn:
    """Raise the RefusedError about drafts that somebody asked for by `said`."""
    few = f"{', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}"
    one = len(names) == 1
    raise RefusedError(
        f"{said}: {few} {'is a draft' if one else 'are drafts'}",
        why="nothing of a draft is ever rendered for an environment or deployed",
        todo=f"`deployer test {names[0]}` says what it lacks; then set `status: active` in its analytic.yml.",
    )


def _fits_analytic(term: str, analytic: Analytic) -> bool:
    """Whether a term is about an analytic or something of it, whatever of it is rendered."""
    kind, _, value = term.partition(":")
    if value:
        return value in {"tag": analytic.tags, "severity": _severities(analytic)}.get(kind, (analytic.platform,))
    bare = term.removeprefix(f"{Kind.MONITOR}/").removeprefix(f"{Kind.WORKFLOW}/")
    return bare.split("/")[0] == analytic.id or _below(term, analytic.folder)


def _fits(term: str, resource: Resource, analytics: Mapping[str, Analytic]) -> bool:
    kind, _, value = term.partition(":")
    analytic = analytics.get(resource.analytic or "")
    if not value:
        return _names(term, resource.key) or (analytic is not None and _below(term, analytic.folder))
    if analytic is None:
        return False
    if kind == "severity":
        return str(resource.written.get("severity", analytic.severity)) == value
    return value in analytic.tags if kind == "tag" else analytic.platform == value


def _names(term: str, key: str) -> bool:
    """Whether a term is the key, or the analytic or monitor that the key is of."""
    kind, _, rest = key.partition("/")
    return term == key or (kind in (Kind.MONITOR, Kind.WORKFLOW) and term in (rest, rest.split("/")[0]))


def _below(path: str, folder: str) -> bool:
    """Whether `folder` is at or below `path`, or `path` is a file of the folder."""
    if "/" not in path or not folder:
        return False
    path = path.strip("/").removeprefix("./")
    return folder == path or folder.startswith(f"{path}/") or path.startswith(f"{folder}/")


def with_dependencies(keys: Iterable[str], by_key: Mapping[str, Resource]) -> set[str]:
    """These keys, all of which are in `by_key`, and those of everything there that they need."""
    found = set(keys)
    waiting = list(found)
    while waiting:
        for needed in by_key[waiting.pop()].depends_on:
            if needed in by_key and needed not in found:
                found.add(needed)
                waiting.append(needed)
    return found


def _known(kind: str, resources: Sequence[Resource], analytics: Mapping[str, Analytic]) -> set[str]:
    own = [analytics[name] for name in {resource.analytic or "" for resource in resources} if name in analytics]
    if kind == "tag":
        return {tag for analytic in own for tag in analytic.tags}
    if kind == "platform":
        return {analytic.platform for analytic in own}
    if kind == "severity":
        return {str(r.written.get("severity")) for r in resources if r.kind is Kind.MONITOR}
    return {analytic.id for analytic in own} | {resource.key for resource in resources}
