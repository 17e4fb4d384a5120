"""Look at a cluster and tell the state of its deployment. All of it is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from deployer.cluster import Cluster
from deployer.cluster.health import Alerts, read_last_events, read_nodes, read_open_alerts, read_runs
from deployer.cluster.monitors import read_jobs
from deployer.cluster.status import Place, Status, heard, judged
from deployer.deploy.look import Wish, look
from deployer.model.resource import Kind
from deployer.plan import Action, Verb, capacity
from deployer.plan.drift import drifted
from deployer.plan.live import delegates_of
from deployer.plan.match import ServerNamed, match


def read_status(
    cluster: Cluster, wish: Wish, places: Mapping[str, Place], clock: int, silent_after: float | None = None
) -> Status:
    """The state of a deployment on one cluster. Nothing is written.

    `clock` is this computer's in epoch milliseconds, taken where the nodes' cannot be seen; `silent_after` is in seconds.
    Raises any error of reading the inventory.
    """
    wish = dataclasses.replace(wish, choices=dataclasses.replace(wish.choices, prune=True))
    seen = look(cluster, wish)
    with ThreadPoolExecutor(4) as pool:
        asked_runs, asked_nodes = pool.submit(read_runs, cluster), pool.submit(read_nodes, cluster)
        asked_alerts, asked_jobs = pool.submit(read_open_alerts, cluster), pool.submit(read_jobs, cluster)
        runs, nodes, alerts, jobs = (
            asked_runs.result(), asked_nodes.result(), asked_alerts.result(), asked_jobs.result(),
        )  # fmt: skip
    now = nodes.now if nodes else clock
    wanted = {name: (place.index, place.fields) for name, place in places.items()}
    events = read_last_events(cluster, wanted, now)
    matched = match(wish.environment.deployment, seen.inventory.objects, seen.record)
    owned = {
        key: live for key, live in matched.owned.items() if live.kind in ServerNamed and wish.selection.covers(key)
    }
    by_id = {job.live.id: job for job in jobs}
    delegates = {identity for job in jobs for identity in delegates_of(job.live.body)}
    monitors = tuple(
        judged(key, by_id[live.id], runs, nodes, alerts.get(live.id, Alerts()), now, live.id in delegates)
        for key, live in sorted(owned.items())
        if live.id in by_id
    )
    refused = dict(nodes.refused) if nodes else {}
    unseen = [text for text, known in ((_RUNS, runs is not None), (_NODES, nodes is not None)) if not known]
    return Status(
        seen.plan,
        seen.record,
        drifted(seen.plan, matched, seen.record, wish.desired, [job.live for job in jobs]),
        monitors,
        tuple(heard(name, places[name], last, now, silent_after) for name, last in events.items()),
        sum(1 for action in seen.plan.actions if _pending(action)),
        len(matched.owned),
        now,
        refused,
        bool(refused) and capacity.short_of_templates(seen.plan.facts),
        tuple(unseen),
    )


_RUNS = "when monitors ran (permission cluster:admin/opendistro/_scheduled_jobs/stats)"
_NODES = "what nodes refuse to compile (permission cluster:monitor/nodes/stats)"


def _pending(action: Action) -> bool:
    """Whether the repository asks for something that is not deployed. A channel's secret is not read, so it is not compared."""
    if action.kind is Kind.CHANNEL and action.verb is not Verb.CREATE:
        return False
    return action.conflict is None and action.verb in (Verb.CREATE, Verb.UPDATE, Verb.ADOPT)
