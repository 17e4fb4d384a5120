"""Desired and live give a Plan (Create, Update, Delete, Adopt, nothing), with the safety rules on the Plan itself. No I/O."""

from deployer.plan.actions import Action, Conflict, Note, Purpose, Refusal, Remark, Verb
from deployer.plan.decide import NO_CHOICES, Choices, documents_needed, make_plan
from deployer.plan.live import ClusterFacts, Inventory, Live, Marker, Usage
from deployer.plan.plan import Plan, UnsafePlanError
from deployer.plan.planfile import PlanFile
from deployer.plan.record import Entry, Intent, Record
from deployer.plan.selection import EVERYTHING, Selection, make_selection

__all__ = [
    "EVERYTHING",
    "NO_CHOICES",
    "Action",
    "Choices",
    "ClusterFacts",
    "Conflict",
    "Entry",
    "Intent",
    "Inventory",
    "Live",
    "Marker",
    "Note",
    "Plan",
    "PlanFile",
    "Purpose",
    "Record",
    "Refusal",
    "Remark",
    "Selection",
    "UnsafePlanError",
    "Usage",
    "Verb",
    "documents_needed",
    "make_plan",
    "make_selection",
]
