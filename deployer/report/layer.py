"""Coverage as a layer of the ATT&CK Navigator.

The format is that of version 4.5 (layers/spec/v4.5/layerformat.md of the repository mitre-attack/attack-navigator).
"""

from __future__ import annotations

from typing import Any

from deployer import __version__
from deployer.report.coverage import Technique
from deployer.report.coverage_forms import ABOUT, Coverage, places
from deployer.report.escape import visible

FORMAT = "4.5"
NAVIGATOR = "5.2.0"
"""The Navigator that the format's own example names; 4.9.0 is the oldest that reads it."""

COLOURS = ("#ff6666", "#ffe766", "#8ec843")
_LEGEND = ("0: neither tested nor deployed, or not known", "50: half of it", "100: tested and deployed")


def layer(coverage: Coverage, name: str) -> dict[str, Any]:
    """The layer as a JSON object: an entry a technique and tactic, with its score. Techniques with drafts only are left out."""
    shown = places(coverage.techniques)
    return {
        "name": visible(name),
        "versions": {"attack": _release(shown), "navigator": NAVIGATOR, "layer": FORMAT},
        "domain": "ics-attack" if shown and all(item.technique.startswith("T0") for item in shown) else "enterprise-attack",
        "description": f"{coverage.summary} {ABOUT}",
        "sorting": 3,
        "layout": {"layout": "side", "showID": True, "showName": True, "expandedSubtechniques": "annotated"},
        "hideDisabled": False,
        "techniques": [_entry(item) for item in shown],
        "gradient": {"colors": list(COLOURS), "minValue": 0, "maxValue": 100},
        "legendItems": [{"label": label, "color": colour} for label, colour in zip(_LEGEND, COLOURS, strict=True)],
        "selectTechniquesAcrossTactics": False,
        "selectSubtechniquesWithParent": False,
        "metadata": [
            {"name": "made by", "value": f"detection-deployer {__version__}"},
            {"name": "deployed", "value": _asked(coverage)},
            {"name": "tested", "value": visible(", ".join(coverage.results)) or "no results were given"},
        ],
    }  # fmt: skip


def _entry(item: Technique) -> dict[str, Any]:
    return {
        "techniqueID": item.technique,
        "tactic": item.tactic.strip().lower().replace(" ", "-"),
        "score": item.score,
        "comment": "\n".join(
            f"{state.analytic.id} ({state.analytic.platform}): {visible(state.words)}" for state in item.states
        ),
        "enabled": True,
        "metadata": [
            {"name": state.analytic.id, "value": visible(state.analytic.title) or state.analytic.id}
            for state in item.states
        ],
        "links": [
            {
                "label": item.technique,
                "url": item.address,
            }
        ],
    }


def _asked(coverage: Coverage) -> str:
    if not coverage.environment:
        return "no cluster was asked"
    return f"{coverage.environment} was asked" + ("" if coverage.answered else ", and did not answer")


def _release(shown: list[Technique]) -> str:
    """The newest ATT&CK release that the analytics follow, as the Navigator names it: 18 of 18.1."""
    found = {str(state.analytic.attack.get("version", "")).partition(".")[0] for item in shown for state in item.states}
    numbers = [int(text) for text in found if text.isdecimal()]
    return str(max(numbers)) if numbers else "18"
