"""The files that a report is given: results of tests, counts of episodes, measurements on real logs, alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema
from jsonschema.exceptions import best_match

from deployer.model.errors import UsageError

_TEXT, _NUMBER, _WORDS = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "array", "items": {"type": "string"}}  # fmt: skip
_MAYBE_TEXT = {"type": ["string", "null"]}


def _list(key: str, required: Mapping[str, Any], also: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The schema of an object whose `key` is a list of objects with these members; `also` are members beside it."""
    item = {"type": "object", "required": list(required), "properties": dict(required)}
    return {
        "type": "object",
        "required": [key, *(also or {})],
        "properties": {key: {"type": "array", "items": item}, **(also or {})},
    }


_RESULTS = _list(
    "analytics",
    {
        "analytic": _TEXT,
        "passed": {"type": "boolean"},
        **dict.fromkeys(
            ("cases", "events", "positives", "positives_found", "negatives", "negatives_silent", "variants"), _NUMBER
        ),
        "tunables": {
            "type": "object",
            "required": ["proven", "unproven"],
            "properties": {"proven": _WORDS, "unproven": _WORDS},
        },
        "failures": {
            "type": "array",
            "items": {"type": "object", "required": ["case", "monitor"], "properties": {"case": _TEXT, "monitor": _TEXT}},
        },
        "findings": {"type": "array", "items": {"type": "object"}},
    },
)  # fmt: skip
_COUNTS = _list(
    "monitors",
    {
        "analytic": _TEXT,
        "monitor": _TEXT,
        "episodes": {"type": ["integer", "null"]},
        "entities": _NUMBER,
        "estimate": _WORDS,
        "error": _MAYBE_TEXT,
        "enabled": {"type": "boolean"},
    },
    {"environment": _TEXT, "from": _TEXT, "to": _TEXT},
)
_REAL = _list(
    "files",
    {
        "file": _TEXT,
        "analytic": _TEXT,
        "run": _TEXT,
        "positives": _NUMBER,
        "negatives": _NUMBER,
        "missed": {"type": "array"},
        "false_alerts": {"type": "array"},
    },
)
_ALERTS = _list("alerts", {"analytic": _TEXT, "monitor": _TEXT, "message": _MAYBE_TEXT, "start": _MAYBE_TEXT})

KINDS = {
    "results": (_RESULTS, "the results of `deployer test --output json`"),
    "counts": (_COUNTS, "the counts of `deployer test --against ENV --output json`"),
    "real_logs": (_REAL, "a build/real-logs.json of `make real-logs`"),
    "alerts": (_ALERTS, "the alerts of `deployer alerts --output json`"),
}
"""Each kind of file: the least that its JSON has, and what writes it."""

File = tuple[str, Mapping[str, Any]]
"""The name of a file as a person knows it, and its JSON."""


@dataclass(frozen=True, slots=True)
class Given:
    """The files of each kind, in the order in which they were given."""

    results: tuple[File, ...] = ()
    counts: tuple[File, ...] = ()
    real_logs: tuple[File, ...] = ()
    alerts: tuple[File, ...] = ()

    @property
    def tested(self) -> dict[str, bool]:
        """What the results tell of each analytic; where several do, it passed if it passed in all."""
        found: dict[str, bool] = {}
        for _, value in self.results:
            for item in value["analytics"]:
                found[item["analytic"]] = item["passed"] and found.get(item["analytic"], True)
        return found


def read_given(kind: str, files: Sequence[tuple[str, Any]]) -> tuple[File, ...]:
    """Files of a kind of `KINDS`, checked. Raises UsageError for one that is not of the kind."""
    schema, words = KINDS[kind]
    for name, value in files:
        error = best_match(jsonschema.Draft202012Validator(schema).iter_errors(value))
        if error is not None:
            place = error.json_path.removeprefix("$").lstrip(".")
            raise UsageError(
                f"{name} holds something else than {words}",
                why=f"{place}: {error.message[:200]}" if place else error.message[:200],
                todo="Give a file that this command writes.",
            )
    return tuple(files)
