"""Evaluating the condition of a trigger."""

from __future__ import annotations

from collections.abc import Mapping

from deployer.local.service.bucket_query import path_of
from deployer.local.service.contexts import script_context
from deployer.local.service.errors import Json, ServerError, failure, illegal_argument, null_pointer
from deployer.local.service.expressions import documents_of
from deployer.local.service.node import Node
from deployer.local.service.results import BucketTriggerRun, DocTriggerRun, MonitorRun, TriggerRun
from deployer.local.service.store import Job


async def run_script(
    node: Node, monitor: Job, kind: str, trigger: Json, run: MonitorRun, alert: Json | None
) -> TriggerRun:
    """Runs a trigger's script. One that fails counts as true, so that somebody hears of it."""
    body = {
        "script": trigger["condition"]["script"],
        "ctx": script_context(monitor, kind, trigger, run, alert),
    }
    try:
        answer = await node.module("trigger", body)
    except ServerError as error:
        return TriggerRun(trigger["name"], error.failure, triggered=True)
    return TriggerRun(trigger["name"], triggered=bool(answer["triggered"]))


def run_buckets(trigger: Json, run: MonitorRun) -> BucketTriggerRun:
    """Gives the buckets that the condition chose: the server evaluated it with the search."""
    try:
        return BucketTriggerRun(trigger["name"], buckets=_selected(trigger, run))
    except ServerError as error:
        return BucketTriggerRun(trigger["name"], error.failure)


def _selected(trigger: Json, run: MonitorRun) -> dict[str, Json]:
    if not run.inputs.results:
        raise _thrown("java.lang.IndexOutOfBoundsException", "Empty list doesn't contain element at index 0.")
    aggregations = run.inputs.results[0].get("aggregations")
    chosen = (aggregations or {}).get(trigger["id"])
    if chosen is None:
        message = "null cannot be cast to non-null type java.util.HashMap<*, *>"
        raise _thrown("java.lang.NullPointerException", message)
    found: Json = aggregations
    for name in path_of(trigger):
        found = found[name]
    if isinstance(found.get("buckets"), dict):
        have, want = "java.util.HashMap", "java.util.List"
        where = f"({have} and {want} are in module java.base of loader 'bootstrap')"
        raise _thrown("java.lang.ClassCastException", f"class {have} cannot be cast to class {want} {where}")
    selected: dict[str, Json] = {}
    for index in chosen["bucket_indices"]:
        bucket = found["buckets"][index]
        keys = _key_texts(bucket)
        content = {"parent_bucket_path": chosen["parent_bucket_path"], "bucket_keys": keys, "bucket": bucket}
        selected["#".join(keys)] = content
    return selected


def _key_texts(bucket: Json) -> list[str]:
    key = bucket.get("key")
    if isinstance(key, list) and "key_as_string" in bucket:
        return [str(bucket["key_as_string"])]
    if isinstance(key, str):
        return [key]
    # A number that needs more than 32 bits is not among what the plugin knows.
    if isinstance(key, int) and not isinstance(key, bool) and -(2**31) <= key < 2**31:
        return [str(key)]
    if isinstance(key, dict):
        if None in key.values():
            raise null_pointer('Cannot invoke "Object.toString()" because "it" is null')
        return [java_text(value) for value in key.values()]
    raise illegal_argument(f"Unexpected format for key in bucket [{java_text(bucket)}]")


def java_text(value: object) -> str:
    """Gives a JSON value as Java prints it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={java_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(java_text(item) for item in value) + "]"
    if isinstance(value, float):
        return java_double(value)
    return str(value)


def java_double(value: float) -> str:
    """Gives a number as java.lang.Double prints it."""
    if value in (float("inf"), float("-inf")) or value != value:
        return {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value) if "e" not in repr(value) else f"{value:f}".rstrip("0")
    mantissa, _, exponent = f"{value:e}".partition("e")
    digits = repr(value).replace("-", "").partition("e")[0].replace(".", "").strip("0")
    sign = "-" if mantissa.startswith("-") else ""
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{int(exponent)}"


def run_documents(trigger: Json, found: Mapping[str, list[str]], queries: list[Json]) -> DocTriggerRun:
    """Gives the documents that the condition chooses among those each query (by id) found."""
    condition = trigger["condition"]["script"]
    source = condition.get("source", condition.get("id", ""))
    try:
        return DocTriggerRun(trigger["name"], documents_of(source, found, queries))
    except ServerError as error:
        return DocTriggerRun(trigger["name"], [], error.failure)


def _thrown(java_class: str, message: str) -> ServerError:
    return ServerError(failure(java_class, message))
