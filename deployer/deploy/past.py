"""The deployments of the past: what they did, and a wish for what stood there after one of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployer.cluster import Cluster, history, read_record, records
from deployer.deploy.lock import Held, read_lock
from deployer.deploy.look import Wish
from deployer.model.environment import Environment
from deployer.model.errors import RefusedError, UsageError
from deployer.model.resource import Kind, Resource
from deployer.plan import Choices, Purpose, Record
from deployer.plan.compare import changes
from deployer.plan.content import SecretReader, concealed_body, refilled, resource_of
from deployer.plan.history import Changed, Chronicle, Deployment, Kept, Past, Row, State, objects_of, rows_of
from deployer.render.channels import channels


@dataclass(frozen=True, slots=True)
class Return:
    """A wish for what stood there after a deployment. `replaced` are channels whose address then is not recorded."""

    wish: Wish
    deployment: Deployment
    replaced: tuple[str, ...] = ()


def chronicle(cluster: Cluster, deployment: str, most: int) -> Chronicle:
    """The newest deployments, at most so many."""
    record = read_record(cluster, deployment)
    down_to = record.generation - most + 1 if record.seq_no is not None else 1
    found = history.read_history(cluster, record, max(1, down_to))
    lock = read_lock(cluster, deployment)
    listed = tuple((one, _ended(one, lock)) for one in found.deployments[:most])
    return Chronicle(listed, str(lock.holder) if lock else "", found.missing, found.lost)


def recall(cluster: Cluster, deployment: str, number: int | None = None) -> Past:
    """One deployment, the newest without a number.

    Raises UsageError if there is none of that number, RefusedError if what is recorded of it was edited.
    """
    record = read_record(cluster, deployment)
    one, before = _find(cluster, record, number)
    record = records.with_documents(
        cluster, record, {one.manifest, one.results, before.manifest if before else ""} - {""}
    )
    after, rows = _objects(record, one), _rows(record, one)
    earlier = _objects(record, before) if before else {}
    differing = [key for key in {*after, *earlier} if _document(after, key) != _document(earlier, key)]
    names = {_document(found, key) for key in differing for found in (after, earlier)} - {""}
    record = records.with_documents(cluster, record, names)
    changed = [_changed(key, earlier, after, record) for key in sorted(differing)] if one.manifest else []
    changed += [
        Changed("=" if row.verb == "accept" else "~", row.key, (), row.reason or "the same content, written again")
        for row in rows
        if row.fate == "applied" and row.key not in differing
    ]
    undone = tuple(row for row in rows if row.fate != "applied")
    lock = read_lock(cluster, deployment) if one.state is State.OPEN else None
    return Past(one, _ended(one, lock), tuple(changed), undone, after)


def go_back(
    cluster: Cluster, environment: Environment, number: int | None, secrets: SecretReader, choices: Choices
) -> Return:
    """A wish for what stood there after a deployment; without a number, after the one before the last.

    Raises UsageError if there is none of that number, RefusedError if what is recorded of it was edited or is not
    there, SecretError if a reference of a channel leads nowhere today.
    """
    record = read_record(cluster, environment.deployment)
    one, _ = _find(cluster, record, number, back=1)
    record = records.with_documents(cluster, record, {one.manifest} - {""})
    if one.manifest not in record.documents:
        raise RefusedError(
            f"nobody recorded what stood there after deploy {one.number}",
            why="it did not end, or its documents are gone from the index of records",
            todo="Go back to another one: `deployer history` lists them.",
        )
    objects = _objects(record, one)
    record = records.with_documents(cluster, record, {kept.document for kept in objects.values()})
    missing = sorted(key for key, kept in objects.items() if "kind" not in record.documents.get(kept.document, {}))
    if missing:
        raise RefusedError(
            f"the content of {', '.join(missing[:5])} after deploy {one.number} is not in the record",
            why="its document was deleted or edited",
            todo="Deploy the commit of that time instead: `deployer history` shows it.",
        )
    stored = {key: record.documents[kept.document] for key, kept in objects.items()}
    resources, replaced = _resources(stored, environment, secrets)
    choices = dataclasses.replace(choices, prune=True, purpose=Purpose.ROLLBACK, target=one.number)
    return Return(Wish(resources, environment, choices=choices), one, replaced)


def _find(cluster: Cluster, record: Record, number: int | None, back: int = 0) -> tuple[Deployment, Deployment | None]:
    """The deployment of a number (or so many before the newest), and the one before it."""
    newest = record.generation
    if record.seq_no is None:
        last = history.newest_of(cluster, record.deployment)
        newest = last.number if last else 0
    if not newest:
        raise UsageError(
            f"nothing is recorded of {record.deployment} on this cluster",
            why="nothing was ever deployed there, or the record is lost",
            todo="Deploy first; check the environment and the cluster.",
        )
    wanted = newest - back if number is None else number
    if number is None and wanted < 1:
        raise UsageError(
            f"there is nothing before deploy {newest} of {record.deployment}",
            why="it was the first",
            todo="`deployer destroy` removes everything that the deployment owns.",
        )
    found = {one.number: one for one in history.read_history(cluster, record, max(1, wanted - 1)).deployments}
    if wanted not in found:
        raise UsageError(
            f"there is no deploy {wanted} of {record.deployment}",
            why=f"known are {min(found, default=newest)} to {newest}",
            todo="`deployer history` lists them.",
        )
    return found[wanted], found.get(wanted - 1)


def _objects(record: Record, one: Deployment) -> Mapping[str, Kept]:
    return objects_of(record.documents[one.manifest]) if one.manifest in record.documents else {}


def _rows(record: Record, one: Deployment) -> tuple[Row, ...]:
    return rows_of(record.documents[one.results]) if one.results in record.documents else ()


def _document(objects: Mapping[str, Kept], key: str) -> str:
    return objects[key].document if key in objects else ""


def _changed(key: str, before: Mapping[str, Kept], after: Mapping[str, Kept], record: Record) -> Changed:
    if key not in before or key not in after:
        return Changed("+" if key in after else "-", key)
    old, new = (record.documents.get(found[key].document, {}) for found in (before, after))
    found = changes(old.get("written", {}), new.get("written", {}))
    return Changed("~", key, found or changes(old.get("body", {}), new.get("body", {}), "body"))


def _resources(
    stored: Mapping[str, Mapping[str, Any]], environment: Environment, secrets: SecretReader
) -> tuple[list[Resource], tuple[str, ...]]:
    """The stored contents as resources, and the channels whose hidden addresses are today's."""
    today = {resource.key: resource.unresolved for resource in channels(environment)}
    result: list[Resource] = []
    replaced: list[str] = []
    for key, content in stored.items():
        full = content
        if content["kind"] == Kind.CHANNEL:
            try:
                full = {**content, "body": refilled(content["body"], today.get(key))}
            except KeyError:
                name = key.partition("/")[2]
                raise RefusedError(
                    f"the address of {key} is not known any more",
                    why="the record never holds an address that stands in an environment's file, and the file has no such channel now",
                    todo=f"Put channels.{name} back into environments/{environment.name}.yml, with its url.",
                ) from None
            body = concealed_body(full["body"])
            if body != content["body"]:
                address = body["config"][body["config"]["config_type"]].get("url")
                full = {**full, "written": {**content["written"], "url": address}}
                replaced.append(key)
        result.append(resource_of(key, full, secrets))
    result.sort(key=lambda resource: (resource.kind.stage, resource.key))
    return result, tuple(replaced)


def _ended(one: Deployment, lock: Held | None) -> str:
    """How a deployment ended, in words; one whose end is not recorded runs only if somebody holds the lock."""
    if one.state is not State.OPEN:
        return str(one.state)
    return "running" if lock is not None and not lock.holder.dead else "killed"
