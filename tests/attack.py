"""A small ATT&CK of our own: ids and words are made up, the form is that of MITRE's STIX."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

WHOLE = Path(__file__).parent.parent.parent / "shared" / "attack" / "enterprise-attack-18.1-detection.json"
"""The real detection data, where this checkout lies beside it."""

HOSTILE = (
    'Wert: "quoted" # no comment\n- {{ctx}} [x]: &a *b !tag | > % @ `\n\n\ttab \x07 bell \u202eright\u2028 end \ud800'
)
"""What a careless writer of YAML, of templates or of text breaks on."""

KNOWN = (
    "    pipeline: plain\n",
    '    pipeline: plain\n    attack: [{name: "x:plain", channel: "EventCode=*", values: {field: process.name, form: "[0-9]+"}}, {name: "x:plain", channel: "*"}]\n',
)
"""The change of the small repository by which its log source is one that ATT&CK names."""


def analytic(number: int, platform: str = "Windows", **more: Any) -> dict[str, Any]:
    """An analytic; `more` are further keys or other values."""
    return {
        "type": "x-mitre-analytic",
        "id": f"x-mitre-analytic--{number}",
        "modified": "2026-01-01T00:00:00.000Z",
        "name": f"Analytic {number}",
        "external_references": [
            {"source_name": "mitre-attack", "external_id": f"AN{number}", "url": f"https://attack.example/detectionstrategies/DET9001#AN{number}"}
        ],
        "description": f"Somebody does thing {number} on a host.",
        "x_mitre_version": "1.1",
        "x_mitre_platforms": [platform],
        **more,
    }  # fmt: skip


def named(name: str, channel: str, component: int = 1) -> dict[str, Any]:
    """A log source that an analytic names."""
    return {"name": name, "channel": channel, "x_mitre_data_component_ref": f"x-mitre-data-component--{component}"}


def strategy(number: int, *analytics: int, **more: Any) -> dict[str, Any]:
    """A strategy of analytics."""
    return {
        "type": "x-mitre-detection-strategy",
        "id": f"x-mitre-detection-strategy--{number}",
        "name": f"Detection of made-up behaviour {number}",
        "external_references": [{"source_name": "mitre-attack", "external_id": f"DET{number}"}],
        "x_mitre_analytic_refs": [f"x-mitre-analytic--{own}" for own in analytics],
        **more,
    }


def detects(number: int, technique: str) -> dict[str, Any]:
    """The relationship from a strategy to a technique."""
    return {
        "type": "relationship",
        "id": f"relationship--{number}-{technique}",
        "relationship_type": "detects",
        "source_ref": f"x-mitre-detection-strategy--{number}",
        "target_ref": f"attack-pattern--{technique}",
    }


def technique(name: str, tactic: str, **more: Any) -> dict[str, Any]:
    """A technique of one tactic."""
    return {
        "type": "attack-pattern",
        "id": f"attack-pattern--{name}",
        "external_references": [{"source_name": "mitre-attack", "external_id": name}],
        "kill_chain_phases": [{"kill_chain_name": "mitre-attack", "phase_name": tactic}],
        **more,
    }


def component(number: int) -> dict[str, Any]:
    """A data component."""
    return {
        "type": "x-mitre-data-component",
        "id": f"x-mitre-data-component--{number}",
        "external_references": [{"source_name": "mitre-attack", "external_id": f"DC{9000 + number}"}],
    }


def bundle(*objects: dict[str, Any], spec: str = "2.0") -> dict[str, Any]:
    """A bundle of these objects, or of everything. In 2.1 each object says so, in 2.0 the bundle does."""
    found = copy.deepcopy(list(objects or EVERYTHING))
    if spec == "2.1":
        return {
            "type": "bundle",
            "id": "bundle--1",
            "objects": [{"spec_version": "2.1", "created": "2026-01-01T00:00:00.000Z", **item} for item in found],
        }
    return {"type": "bundle", "id": "bundle--1", "spec_version": spec, "objects": found}


def write(folder: Path, value: Any, name: str = "enterprise-attack-18.1.json") -> Path:
    """A value as a file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), "utf-8")
    return path


EVERYTHING = (
    technique("T9049", "discovery"),
    technique("T9050.001", "collection"),
    technique("T9051", "impact", revoked=True),
    component(1),
    component(2),
    strategy(9001, 9001, 9002, 9003, 9004),
    strategy(9002, 9005),
    detects(9001, "T9049"),
    detects(9001, "T9051"),
    detects(9002, "T9050.001"),
    analytic(
        9001,
        x_mitre_log_source_references=[
            named("x:plain", "EventCode=1, 22"),
            named("x:plain", "EventCode=1, 22"),
            named("saas:nobody", "things: that {happen}, 'now'", 2),
        ],
        x_mitre_mutable_elements=[
            {"field": "TimeWindow", "description": "How far apart two steps may lie, such as 15 minutes."},
            {"field": "IP Address", "description": "Addresses that are known."},
            {"field": "IP/Address", "description": HOSTILE},
            {"field": "CommandPatternList", "description": "Commands, such as `tool -x`."},
            {"field": "ExecutionFrequencyThreshold", "description": "More than 7 in a short time."},
        ],
    ),
    analytic(9002, "PRE", x_mitre_mutable_elements=[]),
    analytic(9003, "Network Devices", description=HOSTILE, x_mitre_log_source_references=[named("x:plain", "None")]),
    analytic(9004, x_mitre_deprecated=True),
    analytic(9005, "Identity Provider", x_mitre_log_source_references=[named("saas:nobody", "sign-in")]),
)
