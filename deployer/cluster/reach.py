"""Questions to a cluster about what monitors would do there: fields, searches, compilers. All of it is read.

Compilations are scarce (FACTS.md, "How many monitors a node can run"): who looks must not silence what he looks at. So
templates are asked in few requests, each distinct text once, and the first refusal ends the asking.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deployer.cluster import errors
from deployer.cluster.client import Cluster
from deployer.model.errors import ClusterError

SEARCHES = 5
"""Searches in one request."""

TEMPLATE_BYTES = 40_000
"""Bytes of template text in one request; the server compiles none above 65,535."""

_LENIENT = {"ignore_unavailable": "true", "allow_no_indices": "true"}


class ShortOfCompilationsError(ClusterError):
    """The node refused to compile, because too much was compiled within its time: it says nothing about the text."""

    code = "compilations"


@dataclass(frozen=True, slots=True)
class Mapped:
    """The indices that a pattern stands for, and the types of their fields: field to type to indices (none named: all)."""

    indices: tuple[str, ...] = ()
    types: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a search or a compilation failed, in the server's words. `compiling` if a script or template does not compile."""

    reason: str
    compiling: bool = False


def read_mapped(cluster: Cluster, pattern: str) -> Mapped:
    """The fields of the indices and data streams of a pattern; no indices if it matches none."""
    answer = cluster.request("GET", f"/{pattern}/_field_caps", params={"fields": "*", **_LENIENT})
    types = {
        name: {kind: tuple(info.get("indices") or ()) for kind, info in kinds.items()}
        for name, kinds in answer.get("fields", {}).items()
    }
    return Mapped(tuple(answer.get("indices", ())), types)


def run_searches(
    cluster: Cluster, searches: Sequence[tuple[str, Mapping[str, Any]]]
) -> Iterator[Mapping[str, Any] | Failure]:
    """The answers to searches, each an index pattern and a body, in their order; a failed one is a Failure."""
    for start in range(0, len(searches), SEARCHES):
        batch = searches[start : start + SEARCHES]
        try:
            answers = _together(cluster, batch)
        except errors.AnswerError:
            # One that cannot be parsed fails all of its request.
            answers = [_alone(cluster, index, body) for index, body in batch]
        yield from answers


def compile_script(cluster: Cluster, source: str, params: Mapping[str, Any]) -> Failure | None:
    """Why a painless expression does not compile; None if it does, whatever comes of it.

    Raises ShortOfCompilationsError if the node refused to try.
    """
    body = {"script": {"lang": "painless", "source": source, "params": dict(params)}}
    try:
        cluster.request("POST", "/_scripts/painless/_execute", body, safe=False)
    except errors.AnswerError as error:
        failure = failure_of(error)
        return failure if failure.compiling else None
    return None


def validate_query(cluster: Cluster, index: str, query: Mapping[str, Any]) -> Failure | None:
    """Why a query cannot be made on an index; None if it can. Nothing is searched."""
    try:
        answer = cluster.request("POST", f"/{index}/_validate/query", {"query": query}, {"explain": "true"})
    except errors.AnswerError as error:
        return failure_of(error)
    if answer.get("valid"):
        return None
    told = [str(item.get("error", "")) for item in answer.get("explanations", ())] or [str(answer.get("error", ""))]
    _refused(told[0])
    return Failure(told[0], "compile error" in told[0])


def compile_templates(cluster: Cluster, texts: Sequence[str]) -> dict[str, str]:
    """The mustache texts that do not compile, with the reason.

    Many texts are one template, and so one compilation; only a refused one is cut in halves.
    Raises ShortOfCompilationsError if the node refused to try.
    """
    refused: dict[str, str] = {}
    for batch in _batches(texts):
        _compile(cluster, batch, refused)
    return refused


def failure_of(error: errors.AnswerError) -> Failure:
    """An answer's error as a failure. Raises ShortOfCompilationsError if the node refused to compile."""
    text = f"{error.type}: {error.reason}".strip(": ")
    _refused(text)
    return Failure(text, "compile error" in text or "mustache_exception" in text)


def _compile(cluster: Cluster, texts: Sequence[str], refused: dict[str, str]) -> None:
    if not texts:
        return
    source = {str(number): text for number, text in enumerate(texts)}
    try:
        cluster.request("POST", "/_render/template", {"source": source, "params": {}}, safe=False)
    except errors.AnswerError as error:
        failure = failure_of(error)
        if len(texts) == 1:
            refused[texts[0]] = failure.reason
            return
        half = len(texts) // 2
        _compile(cluster, texts[:half], refused)
        _compile(cluster, texts[half:], refused)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in dict.fromkeys(texts):
        length = len(json.dumps(text)) + 10
        if batch and size + length > TEMPLATE_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += length
    if batch:
        yield batch


def _together(cluster: Cluster, searches: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Mapping[str, Any] | Failure]:
    lines: list[str] = []
    for index, body in searches:
        head = {"index": index, "ignore_unavailable": True, "allow_no_indices": True}
        lines += [json.dumps(head), json.dumps(body, ensure_ascii=False)]
    answer = cluster.request("POST", "/_msearch", "\n".join([*lines, ""]), {"max_concurrent_searches": "2"})
    return [_read(item) for item in answer["responses"]]


def _alone(cluster: Cluster, index: str, body: Mapping[str, Any]) -> Mapping[str, Any] | Failure:
    try:
        return _read(cluster.request("POST", f"/{index}/_search", body, _LENIENT, safe=False))
    except errors.AnswerError as error:
        return failure_of(error)


def _read(answer: Mapping[str, Any]) -> Mapping[str, Any] | Failure:
    if "error" in answer:
        error = errors.from_answer("POST", "/_msearch", int(answer.get("status", 500)), answer)
        if isinstance(error, errors.AnswerError):
            return failure_of(error)
        raise error
    failed = (answer.get("_shards") or {}).get("failures") or ()
    if failed:
        error = errors.from_answer("POST", "/_msearch", 500, {"error": failed[0].get("reason", {})})
        if isinstance(error, errors.AnswerError):
            return failure_of(error)
        raise error
    return answer


def _refused(text: str) -> None:
    if "Too many dynamic script compilations" in text:
        raise ShortOfCompilationsError(
            "the node refused to compile more scripts",
            why=text[:300],
            todo="Run again after some minutes, or raise the limit of the context that it names.",
        )
