"""`deployer pull`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.cli import clusters, common, wishes
from deployer.model.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from deployer.desired.pulled import Pulled
    from deployer.model.analytic import MonitorSpec, WorkflowSpec
    from deployer.plan import Action


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was changed by hand: the drifted actions by key, and the body of each as it was stored last."""

    drifted: Mapping[str, Action]
    stored: Mapping[str, Mapping[str, Any]]
    known: Sequence[str]


@click.command(epilog="Example: deployer pull AN0904/discovery --env prod --write")
@common.environment_option
@common.root_option
@clusters.cluster_option
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--write", is_flag=True, help="Edit the environment's file, instead of printing the patch.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result.")  # fmt: skip
def pull(
    environment: str, root: Path | None, cluster: str | None, ids: tuple[str, ...], write: bool, output: str
) -> int:
    """Turn changes that somebody made on the cluster (in Dashboards) into a patch of the repository.

    ID is an analytic, a monitor or workflow (AN0904/discovery), a key, or the server's id. Whether it is enabled, its severity and its
    schedule go into `monitors` of the environment's file, the values of tunables into `tunables`; the patch is printed for
    `git apply`. What has no place there is told, with the reason; then the exit code is 1. Nothing is written on the
    cluster: once the patch is merged, `deploy --on-drift revert` makes the two sides one.
    """
    from deployer.desired.edits import edited, unified

    prepared = wishes.prepare_to_look(root, environment, (), (), remember=False)
    seen = _look(prepared, cluster)
    keys = [key for identity in ids for key in _keys(identity, seen)]
    found = [_pulled(key, seen, prepared) for key in dict.fromkeys(keys)]
    file = f"environments/{environment}.yml"
    path = prepared.loaded.root / file
    text = path.read_bytes().decode("utf-8")
    new = edited(text, [edit for item in found for edit in item.edits])
    if write and new != text:
        _write(path, text, new, prepared.loaded.root, environment)
    patch = unified(text, new, file)
    if output == "json":
        common.result(wishes.dumped(_as_json(found, environment, file, patch)))
    elif not write and patch:
        common.result(patch.rstrip("\n"))
    _tell(found, file, written=write and new != text)
    return 1 if any(item.unmapped for item in found) else 0


def _look(prepared: wishes.Prepared, cluster: str | None) -> _Seen:
    from deployer.deploy import look
    from deployer.plan import Conflict
    from deployer.plan.match import match

    found = look(prepared.connect(cluster), prepared.wish)
    matched = match(prepared.wish.environment.deployment, found.inventory.objects, found.record)
    unverified = [action.key for action in found.plan.actions if action.conflict is Conflict.UNVERIFIED]
    if unverified:
        raise RefusedError(
            f"what was changed by hand cannot be told: {len(unverified)} objects are not in the record",
            why="the record says how each object was deployed, and it is lost",
            todo="Deploy with --accept live or --accept desired first.",
        )
    drifted = {action.key: action for action in found.plan.actions if action.drift and action.live is not None}
    stored = {
        key: found.record.documents.get(found.record.entries[key].stored_document, {}).get("body", {})
        for key in drifted
        if key in found.record.entries
    }
    return _Seen(drifted, stored, sorted(matched.owned))


def _keys(identity: str, seen: _Seen) -> list[str]:
    """The keys of live objects that an id names."""
    fitting = [
        key for key in seen.known
        if identity == key or key.partition("/")[2] == identity or key.partition("/")[2].split("/")[0] == identity
    ]  # fmt: skip
    fitting += [key for key, action in seen.drifted.items() if action.id == identity]
    if not fitting:
        names = {key.partition("/")[2] for key in seen.known if key.startswith("monitor/")}
        raise UsageError(common.unknown("deployed object", identity, names | set(seen.known)))
    return fitting


def _pulled(key: str, seen: _Seen, prepared: wishes.Prepared) -> Pulled:
    from deployer.desired.pulled import Pulled, pull
    from deployer.render.environment import target_of

    action = seen.drifted.get(key)
    if action is None or action.live is None:
        return Pulled(key, (), (), ())
    repository, environment = prepared.loaded.repository, prepared.loaded.environment
    kind, _, name = key.partition("/")
    analytic = repository.analytics.get(name.split("/")[0])
    own = name.partition("/")[2]
    spec: MonitorSpec | WorkflowSpec | None = None
    if analytic is not None:
        spec = {"monitor": analytic.monitors.get(own), "workflow": analytic.workflows.get(own)}.get(kind)
    if analytic is None or spec is None:
        where = action.resource.origin if action.resource and action.resource.origin else "the repository"
        return Pulled(key, (), tuple((change, f"it is written in {where}") for change in action.drift), ())
    return pull(analytic, spec, target_of(repository, environment), seen.stored.get(key, {}), action.live.body)


def _write(path: Path, text: str, new: str, root: Path, environment: str) -> None:
    """Write the file; if the repository is not valid with it, it is put back and the error raised."""
    path.write_bytes(new.encode("utf-8"))
    try:
        common.load(root, environment)
    except BaseException:
        path.write_bytes(text.encode("utf-8"))
        raise


def _tell(found: Sequence[Pulled], file: str, *, written: bool) -> None:
    from deployer.report.changes import line

    for item in found:
        if not item.edits and not item.unmapped:
            common.note(f"{item.key}: as deployed")
        for change, why in item.unmapped:
            common.note(f"{item.key}: not mapped: {line(change)}: {why}")
        for remark in item.remarks:
            common.note(f"{item.key}: note: {remark}")
    if written:
        common.note(f"written to {file}; merge it, then deploy with --on-drift revert")


def _as_json(found: Sequence[Pulled], environment: str, file: str, patch: str) -> dict[str, Any]:
    from deployer.report.plan_json import changes_json

    return {
        "format_version": 1,
        "environment": environment,
        "file": file,
        "patch": patch,
        "objects": [
            {
                "key": item.key,
                "edits": [{"path": list(edit.path), "value": edit.value} for edit in item.edits],
                "unmapped": [{**changes_json([change])[0], "why": why} for change, why in item.unmapped],
                "remarks": list(item.remarks),
            }
            for item in found
        ],
    }


COMMAND = pull
