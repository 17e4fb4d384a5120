"""Run a monitor at a chosen time and see which entities alert."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployer.model.tested import Entity
from deployer.replay.client import Client

DAY = 86400
MOST = 10_000
"""Events that a search gives at once."""

_NOTHING_TO_SAY = "Message content missing"
"""The server's error about an empty message. Ours is empty where nothing is new: over 50 alerts the server asks all the same."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of a monitor gave: the entities that alert, the rendered messages, and an error of the server's."""

    entities: frozenset[Entity]
    error: str = ""
    messages: tuple[str, ...] = ()


def dry(client: Client, body: Mapping[str, Any], clock: int) -> Run:
    """Run a monitor's body without storing it, at `clock` (epoch seconds); nothing is written or sent."""
    return read(
        client.request(
            "POST", "/_plugins/_alerting/monitors/_execute", body, {"dryrun": "true", "period_end": f"{clock * 1000}ms"}
        )
    )


def documents(client: Client, body: Mapping[str, Any], clock: int, entities: Mapping[str, Sequence[str]]) -> Run:
    """What a document-level monitor's query finds among the events of the day before `clock`: the entities of the events.

    The plugin runs such a monitor on new events only, and a dry run of it looks at a few and leaves an index behind. So the query is
    searched with: it is the same syntax on the same fields. `entities` gives the fields of each, of which the first counts.
    """
    source = body["inputs"][0]["doc_level_input"]
    text = source["queries"][0]["query"]
    day = {"range": {"@timestamp": {"gt": (clock - DAY) * 1000, "lte": clock * 1000, "format": "epoch_millis"}}}
    search = {
        "size": MOST,
        "_source": False,
        "fields": sorted({name for names in entities.values() for name in names}),
        "query": {"bool": {"filter": [{"query_string": {"query": text}}, day]}},
    }
    path = f"/{','.join(source['indices'])}/_search"
    hits = client.request("POST", path, search)["hits"]["hits"]
    found = frozenset(
        tuple(sorted((entity, _first(hit.get("fields", {}), names)) for entity, names in entities.items()))
        for hit in hits
    )
    return Run(found)


def _first(fields: Mapping[str, Any], names: Sequence[str]) -> str:
    """The first value of the first field that has one; of none, what stands last: the placeholder."""
    return next((str(fields[name][0]) for name in names[:-1] if fields.get(name)), names[-1])


def real(client: Client, monitor_id: str, clock: int) -> Run:
    """Run a stored monitor for real, at `clock` (epoch seconds): alerts are written and notifications sent."""
    return read(
        client.request(
            "POST",
            f"/_plugins/_alerting/monitors/{monitor_id}/_execute",
            {},
            {"dryrun": "false", "period_end": f"{clock * 1000}ms"},
        )
    )


def read(answer: Mapping[str, Any]) -> Run:
    """The run that an answer of ``_execute`` tells of."""
    errors = [answer.get("error"), (answer.get("input_results") or {}).get("error")]
    entities: set[Entity] = set()
    messages: list[str] = []
    for result in (answer.get("trigger_results") or {}).values():
        errors.append(result.get("error"))
        if result.get("triggered") is True:
            entities.add(())  # a query-level monitor alerts for all events together
        for bucket in (result.get("agg_result_buckets") or {}).values():
            key = bucket["agg_alert_content"]["bucket"]["key"]
            entities.add(tuple(sorted((name, str(value)) for name, value in key.items())))
        for action in _actions(result.get("action_results") or {}):
            error = action.get("error")
            if error and str(error).startswith(_NOTHING_TO_SAY):
                continue
            errors.append(_undelivered(error) if error else None)
            messages.append(str((action.get("output") or {}).get("message", "")))
    told = dict.fromkeys(str(error) for error in errors if error)  # the same for each of many messages is said once
    return Run(frozenset(entities), "; ".join(told), tuple(messages))


def _undelivered(error: Any) -> str:
    """What became of a message: the Notifications plugin answers with a JSON text, of which the status matters."""
    try:
        statuses = json.loads(str(error))["event_status_list"]
        return "; ".join(
            f"no message through {status['config_name']}: {status['delivery_status']['status_code']} {status['delivery_status']['status_text']}"
            for status in statuses
        )
    except (ValueError, LookupError, TypeError):
        return str(error)


def _actions(value: Any) -> list[Mapping[str, Any]]:
    """Every action result, which the server groups by alert for bucket-level monitors."""
    if not isinstance(value, Mapping):
        return []
    if "output" in value:
        return [value]
    return [action for inner in value.values() for action in _actions(inner)]
