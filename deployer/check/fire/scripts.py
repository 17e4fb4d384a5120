"""What can be known offline of painless and mustache that the server would refuse, or read otherwise (DAC030).

Whether it compiles only the cluster can say (``deployer doctor``); here is what it accepts and then fails on at each run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from deployer.check.fire.clauses import inner_aggregations, table
from deployer.check.fire.subject import Subject
from deployer.model import tags
from deployer.model.finding import Findings

_PAIRS = {")": "(", "]": "[", "}": "{"}
_PARAM = re.compile(r"\bparams\.(\w+)|\bparams\[\s*['\"](\w+)['\"]\s*\]")
# What is not closed goes on to the end: looking for it from each beginning anew takes the square of the length.
_COMMENTS = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.S)
_STRINGS = re.compile(r"(['\"])(?:\\.|(?!\1)[^\\])*(\1|\Z)", re.S)
_CLOCK = frozenset({"period_start", "period_end"})
_AGGREGATION = re.compile(r"\bctx\.results\[0\]\.aggregations\.(\w+)")
_QUERY = re.compile(r"query\[(name|id|tag)=([^\]]*)\]")
_SPECIAL = frozenset({"_count", "_key"})


def check_scripts(subject: Subject, findings: Findings) -> None:
    """Scripts are whole, and use what they are given; templates are whole, and name what there is."""
    for message, near in _problems(subject):
        findings.add(
            "DAC030",
            f"{subject.key}: {message}",
            subject.in_template(near) or subject.spec.where,
            "mend the template; `deployer render` prints what it makes, and `deployer doctor` asks the cluster",
        )


def _problems(subject: Subject) -> Iterator[tuple[str, str]]:
    for source in subject.scripts:
        yield from ((f"a script {wrong}", source[:40]) for wrong in _broken(source))
    for tag in _query_tags(subject.search) if not subject.per_event else ():
        yield (
            f"the search holds {tag}, which the server replaces by nothing: it knows only period_start and period_end",
            tag,
        )
    for text in subject.texts:
        if "{{" in text:
            yield "a query holds {{, and the queries of a document-level monitor have no clock and no tags", "{{"
    for body in subject.triggers:
        if subject.per_bucket:
            yield from _condition(body["condition"], subject.search)
        elif subject.per_event:
            yield from _names_of_queries(subject, body["condition"])
        else:
            yield from _results(body["condition"], subject.search)
        for action in body.get("actions") or []:
            for name in ("subject_template", "message_template"):
                text = str((action.get(name) or {}).get("source", ""))
                found = mustache(text, per_bucket=subject.per_bucket)
                yield from ((f"the {name.replace('_', ' ')} {wrong}", tag) for wrong, tag in found)


def _query_tags(value: Any) -> Iterator[str]:
    """The tags in the texts of a search that are not the clock's."""
    text = json.dumps(value, ensure_ascii=False)
    if text.count("{{") == text.count("{{period_end}}") + text.count("{{period_start}}"):
        return
    for tag in dict.fromkeys(found.text for found in tags.tags(text)):
        if tag.strip("{} ") not in _CLOCK:
            yield tag


def _broken(source: str) -> Iterator[str]:
    """Brackets and quotes that are not closed."""
    bare = _STRINGS.sub(lambda found: "''" if found[2] else found[1], _COMMENTS.sub("", source))
    if not bare.strip():
        yield "is empty"
    if bare.replace("''", "").count("'") or bare.replace('""', "").count('"'):
        yield "has a quote that is not closed"
    waiting: list[str] = []
    for char in bare:
        if char in "([{":
            waiting.append(char)
        elif char in _PAIRS and (not waiting or waiting.pop() != _PAIRS[char]):
            yield f"has a {char} that nothing opens"
            return
    if waiting:
        yield f"has a {waiting[-1]} that is not closed"


def _condition(condition: Mapping[str, Any], search: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    script = condition.get("script")
    source = str(script.get("source", "") if isinstance(script, Mapping) else script or "")
    params = table(table(script).get("params"))
    paths = table(condition.get("buckets_path"))
    for wrong in _broken(source):
        yield f"the trigger's condition {wrong}", source[:40].strip() or "buckets_path"
    given = {*params, *paths}
    for name in dict.fromkeys(match[1] or match[2] for match in _PARAM.finditer(source)):
        if name not in given:
            yield (
                f"the trigger's condition uses params.{name}, which neither buckets_path nor params give",
                f"params.{name}",
            )
    known = _names(search, str(condition.get("parent_bucket_path")))
    for path in paths.values():
        first = re.split(r"[>.\[]", str(path))[0]
        if known is not None and first not in known | _SPECIAL:
            yield f"the trigger's condition reads '{path}', and no aggregation of the composite is called so", str(path)


def _results(condition: Mapping[str, Any], search: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the condition of a query-level monitor, which sees the whole answer."""
    script = condition.get("script")
    source = str(script.get("source", "") if isinstance(script, Mapping) else script or "")
    for wrong in _broken(source):
        yield f"the trigger's condition {wrong}", source[:40].strip() or '"condition"'
    params = table(table(script).get("params"))
    for name in dict.fromkeys(match[1] or match[2] for match in _PARAM.finditer(source)):
        if name not in params:
            yield (
                f"the trigger's condition uses params.{name}, which its params do not give: it fails at each run",
                f"params.{name}",
            )
    known = inner_aggregations(search)
    for name in dict.fromkeys(_AGGREGATION.findall(source)):
        if name not in known:
            yield (
                f"the trigger's condition reads 'aggregations.{name}', and no aggregation of the search is called so",
                f"aggregations.{name}",
            )


def _names_of_queries(subject: Subject, condition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the condition of a document-level monitor: it names queries, by name, id or tag."""
    source = str(table(condition.get("script")).get("source", ""))
    for wrong in _broken(source):
        yield f"the trigger's condition {wrong}", source[:40].strip() or '"condition"'
    for what, name in _QUERY.findall(source):
        if name.strip() not in subject.names_of_queries(what):
            yield f"the trigger's condition names query[{what}={name}], and no query has that {what}", f"{what}={name}"


def _names(search: Mapping[str, Any], parent: str) -> set[str] | None:
    """The names of the aggregations in the buckets of the parent; None if there is no such parent."""
    body = inner_aggregations(search).get(parent)
    return set(inner_aggregations(body)) if isinstance(body, Mapping) else None


def mustache(text: str, *, per_bucket: bool = True) -> Iterator[tuple[str, str]]:
    """What is wrong with a message's template, with the tag that it is about."""
    waiting: list[str] = []
    for tag in tags.tags(text):
        inner = tag.inner.strip()
        sign, name = (inner[:1], inner[1:].strip()) if inner[:1] in "#^/!>&=" else ("", inner)
        if sign in ("#", "^"):
            waiting.append(name)
        elif sign == "/":
            if not waiting or waiting.pop() != name:
                yield f"closes {tag.text}, which is not the section that is open", tag.text
                return
        elif sign not in ("!", "=") and not name:
            yield "has a tag without a name", tag.text
        if per_bucket and name.startswith("ctx.results"):
            yield (
                f"reads {tag.text}: a message of a bucket-level monitor cannot reach its buckets, and is lost",
                tag.text,
            )
    if waiting:
        yield f"does not close {{{{#{waiting[-1]}}}}}", f"#{waiting[-1]}"
    if "{{" in tags.without(text):
        yield "has a {{ that is not closed", "{{"
