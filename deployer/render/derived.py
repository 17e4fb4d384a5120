"""The fields that a monitor derives in its own search: who an alert is about, and the two times of a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.model.analytic import MonitorSpec
from deployer.model.finding import near
from deployer.render import painless
from deployer.render.scope import Scope

_VALUE = "doc[name].value.toString().replace('{', '(').replace('}', ')')"
"""The value of an entity. Braces become parentheses: the server asks for the next page of buckets with the last value
in the text of a mustache template, so a host called ``{{x}}`` would make a monitor ask for the same page for ever
(measured on the real plugin: one such event keeps a search thread busy until the node is restarted)."""

_EACH = "for (name in params.fields) { if (doc.containsKey(name) && doc[name].size() > 0) { %s } } "

_ENTITY_SCRIPT = _EACH % f"emit({_VALUE}); return;" + "emit(params.placeholder);"

_ENTITY_IS = _EACH % f"return {_VALUE}.equals(params.value);" + "return params.placeholder.equals(params.value);"


def fields_of(spec: MonitorSpec, scope: Scope, sources: list[str]) -> dict[str, Any]:
    """The derived fields of a monitor: ``entity_<name>`` each, and ``first_at`` and ``then_at`` of a sequence.

    They do as sources of a composite and in metrics; a query on one is not to be relied on (measured on 3.4.0: a `term`
    found its event in half of the searches).
    """
    derived: dict[str, Any] = {}
    for name in spec.entity:
        entity = scope.repository.entities.get(name)
        if entity is None:
            scope.findings.add(
                "DAC004", f"no entity '{name}'", spec.place("entity"), near(name, scope.repository.entities)
            )
            continue
        derived[f"entity_{name}"] = {
            "type": "keyword",
            "script": {
                "lang": "painless",
                "source": _ENTITY_SCRIPT,
                "params": {"fields": list(entity.fields), "placeholder": entity.placeholder},
            },
        }
    if spec.then is not None:
        predicate = painless.second_kind(spec.then, scope, sources)
        for field, second in (("first_at", False), ("then_at", True)):
            derived[field] = {
                "type": "date",
                "format": "epoch_millis",
                "script": {
                    "lang": "painless",
                    "source": predicate.source,
                    "params": {**predicate.params, "second": second},
                },
            }
    return derived


def entity_is(field: Mapping[str, Any], value: str) -> dict[str, Any] | None:
    """The query for the events of one entity, by the derived field of a monitor as the server has it; None if it is not
    one of ours. It asks with a script of its own, because a query on the derived field itself misses events."""
    script = field.get("script", {})
    if script.get("source") != _ENTITY_SCRIPT:
        return None
    params = {**script["params"], "value": value}
    return {"script": {"script": {"lang": "painless", "source": _ENTITY_IS, "params": params}}}
