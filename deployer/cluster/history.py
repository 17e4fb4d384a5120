"""The deployments of the past, read with their chain of digests: what was edited is not trusted (promise 27)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deployer.cluster import errors
from deployer.cluster.client import Cluster
from deployer.cluster.records import INDEX, history_id, history_of
from deployer.model.errors import RefusedError
from deployer.plan.history import Deployment, State
from deployer.plan.record import Record

PAGE = 200
"""Deployments read at once."""

KEPT = 200
"""Deployments that can be shown and gone back to; older ones are removed (`retention`)."""


@dataclass(frozen=True, slots=True)
class History:
    """Deployments, the newest first. `missing` is the number of one whose document is gone; it and those before it cannot
    be shown. `lost` means that the record is gone, so that nothing vouches for the newest."""

    deployments: tuple[Deployment, ...] = ()
    missing: int = 0
    lost: bool = False


def read_history(cluster: Cluster, record: Record, down_to: int = 1) -> History:
    """The deployments from the newest down to one, each vouched for by the one after it, the newest by the record.

    One that was killed, or still runs, is known from the record alone; its state is OPEN.
    Raises RefusedError for one that somebody edited.
    """
    newest, expected, lost = record.generation, record.chain, record.seq_no is None
    found: list[Deployment] = []
    if lost:
        last = newest_of(cluster, record.deployment)
        if last is None:
            return History(lost=True)
        newest, expected = last.number, last.digest
    elif not record.ended:
        # Either its end was not recorded, or the record did not get to know of it.
        (last,) = _read(cluster, record.deployment, [newest])
        found.append(last if last is not None and last.before == record.chain else open_of(record))
        newest -= 1
    for top in range(newest, max(0, down_to - 1), -PAGE):
        numbers = list(range(top, max(down_to - 1, top - PAGE, 0), -1))
        for number, one in zip(numbers, _read(cluster, record.deployment, numbers), strict=True):
            if not expected:
                return History(tuple(found), 0, lost)
            if one is None:
                return History(tuple(found), number if number >= oldest_kept(record.generation or newest) else 0, lost)
            if one.digest != expected:
                raise _edited(record.deployment, number)
            found.append(one)
            expected = one.before
    return History(tuple(found), 0, lost)


def oldest_kept(newest: int) -> int:
    """The number of the oldest deployment that is certainly kept; what is older may be gone."""
    return max(1, newest - KEPT + 1)


def read_deployments(cluster: Cluster, deployment: str, numbers: Sequence[int]) -> list[Deployment | None]:
    """These deployments as they are stored, None where there is none. Nothing vouches for them.

    Raises RefusedError if the digest of one does not fit.
    """
    return _read(cluster, deployment, numbers)


def read_deployment(cluster: Cluster, deployment: str, number: int) -> Deployment | None:
    """One deployment as it is stored, or None. Nothing vouches for it.

    Raises RefusedError if its own digest does not fit.
    """
    return _read(cluster, deployment, [number])[0]


def newest_of(cluster: Cluster, deployment: str) -> Deployment | None:
    """The newest deployment that can be found without a record."""
    query = {"bool": {"filter": [{"term": {"type": "deployment"}}, {"term": {"deployment": deployment}}]}}
    body = {"size": 1, "sort": [{"generation": "desc"}], "query": query}
    try:
        answer = cluster.request("POST", f"/{INDEX}/_search", body)
    except errors.AnswerError as error:
        if error.status == 404:
            return None
        raise
    numbers = [hit["_source"].get("number", 0) for hit in answer["hits"]["hits"]]
    return read_deployment(cluster, deployment, numbers[0]) if numbers else None


def open_of(record: Record) -> Deployment:
    """The last deploy as far as the record knows it, if its end was not recorded."""
    return Deployment(
        deployment=record.deployment,
        number=record.generation,
        at=record.at,
        who=record.who,
        host=record.host,
        tool=record.tool,
        verb=record.verb,
        target=record.target,
        job=record.job,
        environment=record.environment,
        commit=record.commit,
        dirty=record.dirty,
        plan=record.plan,
        state=State.OPEN,
        before=record.chain,
    )


def _read(cluster: Cluster, deployment: str, numbers: Sequence[int]) -> list[Deployment | None]:
    if not numbers:
        return []
    try:
        answer = cluster.request(
            "POST", f"/{INDEX}/_mget", {"ids": [history_id(deployment, number) for number in numbers]}
        )
    except errors.AnswerError as error:
        if error.status == 404:
            return [None for _ in numbers]
        raise
    found: list[Deployment | None] = []
    for number, item in zip(numbers, answer["docs"], strict=True):
        one = history_of(item["_source"]) if item.get("found") else None
        if item.get("found") and (one is None or (one.deployment, one.number) != (deployment, number)):
            raise _edited(deployment, number)
        found.append(one)
    return found


def _edited(deployment: str, number: int) -> RefusedError:
    return RefusedError(
        f"what is recorded of deploy {number} of {deployment} was edited",
        why="its digest is not the one that the deploys after it vouch for, so neither it nor those before it can be trusted",
        todo=f"Restore the document {history_id(deployment, number)} in {INDEX}, or deploy a commit that you trust instead.",
    )
