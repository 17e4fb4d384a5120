"""The search of a bucket-level monitor: its own query with each trigger's condition added, page by page."""

from __future__ import annotations

import copy
import re

from deployer.local.service.errors import Json, ServerError, failure, illegal_argument, null_pointer
from deployer.local.service.jobs_form import kinds
from deployer.local.service.results import AfterKey, Inputs

_SAMPLES = 5
_SAMPLE_FIELD = "sample_documents"
_BLOCK_BEGIN, _BLOCK_END = "{{#" + _SAMPLE_FIELD + "}}", "{{/" + _SAMPLE_FIELD + "}}"


def path_of(trigger: Json) -> list[str]:
    """Gives the names of the aggregations that lead to a trigger's buckets."""
    return [part.split("[")[0] for part in str(trigger["condition"]["parent_bucket_path"]).split(">")]


def rewritten(query: Json, triggers: list[Json], previous: Inputs | None) -> Json:
    """Gives the query with the triggers' conditions, each paged aggregation going on where the last page ended."""
    return _rewritten(query, triggers, previous, samples=False)


def sampling(query: Json, trigger: Json, previous: Inputs) -> Json:
    """Gives the query with a trigger's condition and, in each of its buckets, the first and last few documents."""
    return _rewritten(query, [{"bucket_level_trigger": trigger}], previous, samples=True)


def _rewritten(query: Json, triggers: list[Json], previous: Inputs | None, *, samples: bool) -> Json:
    body = copy.deepcopy(query)
    for kind, trigger in kinds(triggers):
        if kind != "bucket_level_trigger":
            continue
        body.setdefault("aggregations", {})[trigger["id"]] = {"bucket_selector_ext": trigger["condition"]}
        after = (previous.after or {}).get(trigger["id"]) if previous is not None else None
        if after is None:
            continue
        factory = _find(body, trigger)
        if samples:
            _add_samples(factory, trigger)
        elif after.key is not None:
            factory["composite"]["after"] = after.key
    return body


def _find(body: Json, trigger: Json) -> Json:
    found = body
    for name in path_of(trigger):
        found = found.get("aggregations", {}).get(name)
        if found is None:
            path = trigger["condition"]["parent_bucket_path"]
            raise illegal_argument(f"ParentBucketPath: {path} not found in input query results")
    return found


def _add_samples(factory: Json, trigger: Json) -> None:
    """Adds the sampling to a composite aggregation, sorted by all that its metrics look at."""
    inner = factory.get("aggregations", {})
    fields = []
    for name, aggregation in inner.items():
        if any(kind in aggregation for kind in ("bucket_selector", "bucket_script", "bucket_sort", "derivative")):
            continue
        for part in aggregation.values():
            values = part.values() if isinstance(part, dict) else [part]
            for value in values:
                if not isinstance(value, str):
                    # The plugin takes every value for a field's name, and gives up on one that cannot be.
                    raise ServerError(failure("java.lang.ClassCastException", f"a value of {name} is no text"))
                fields.append(value)
    fields = fields or ["_score"]
    wanted = sample_fields([trigger])
    source = {"_source": {"includes": sorted(wanted), "excludes": []}} if wanted else {}
    for name, order in (("low_hits", "asc"), ("top_hits", "desc")):
        sort = [{field: {"order": order}} for field in fields]
        factory.setdefault("aggregations", {})[name] = {"top_hits": {"size": _SAMPLES, "sort": sort, **source}}


def after_keys(query: Json, response: Json, triggers: list[Json], previous: Inputs | None) -> dict[str, AfterKey]:
    """Gives where each trigger's paged aggregation goes on after a page."""
    keys: dict[str, AfterKey] = {}
    before = (previous.after or {}) if previous is not None else {}
    for kind, trigger in kinds(triggers):
        if kind != "bucket_level_trigger":
            continue
        if "aggregations" not in response:
            # What no index was searched for has none.
            what = "org.opensearch.search.aggregations.Aggregations.getAsMap()"
            raise null_pointer(f'Cannot invoke "{what}" because "aggs" is null')
        if not _is_paged(query, trigger):
            continue
        found: Json = response.get("aggregations", {})
        for name in path_of(trigger):
            found = found.get(name, {})
        key = found.get("after_key")
        earlier = before.get(trigger["id"])
        if earlier is None:
            keys[trigger["id"]] = AfterKey(key, key is None)
        elif earlier.last:
            keys[trigger["id"]] = earlier
        else:
            keys[trigger["id"]] = AfterKey(earlier.key if key is None else key, key is None)
    return keys


def _is_paged(query: Json, trigger: Json) -> bool:
    found: Json | None = query
    for name in path_of(trigger):
        found = (found or {}).get("aggregations", {}).get(name)
    return found is not None and "composite" in found


def prints_samples(trigger: Json, alerts_field: str) -> bool:
    """Says whether a trigger's messages may print sample documents."""
    tags = ("{{ctx}}", "{{ctx." + alerts_field + "}}", _SAMPLE_FIELD)
    sources = [_source(action) for action in trigger["actions"]]
    return any(tag in source for tag in tags for source in sources)


def sample_fields(triggers: list[Json]) -> set[str]:
    """Gives the fields of documents that the triggers' messages print of their samples; none means all."""
    fields = set()
    for trigger in triggers:
        for action in trigger["actions"]:
            fields |= _block_fields(_source(action))
    return fields


def _block_fields(source: str) -> set[str]:
    fields = set()
    begin = source.find(_BLOCK_BEGIN)
    end = source.find(_BLOCK_END, max(begin, 0))
    while begin != -1 and end != -1:
        for tag in re.findall(r"\{\{([^{}]+)}}", source[begin:end].removeprefix(_BLOCK_BEGIN)):
            name = tag.strip()
            if name.startswith("_source.") and name != "_source.":
                fields.add(name.removeprefix("_source."))
        begin = source.find(_BLOCK_BEGIN, end)
        end = source.find(_BLOCK_END, max(begin, 0))
    return fields


def _source(action: Json) -> str:
    template = action["message_template"]
    return str(template.get("source", template.get("id", "")))
