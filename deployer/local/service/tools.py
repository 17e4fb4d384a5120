"""What the runs of monitors have in common."""

from __future__ import annotations

from dataclasses import dataclass, field

from deployer.local.service.actions import Actions
from deployer.local.service.alert_store import AlertStore
from deployer.local.service.comments import Comments
from deployer.local.service.doc_metadata import DocMetadata
from deployer.local.service.doc_queries import DocQueries
from deployer.local.service.indices import Indices
from deployer.local.service.inputs import InputReader
from deployer.local.service.node import Node
from deployer.local.service.settings import Settings
from deployer.local.service.store import Store


@dataclass(frozen=True, slots=True)
class Tools:
    """The parts of the service that a run needs."""

    node: Node
    settings: Settings
    indices: Indices
    store: Store
    alerts: AlertStore
    comments: Comments
    inputs: InputReader
    actions: Actions
    doc_metadata: DocMetadata
    doc_queries: DocQueries


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """The run of a workflow that a monitor runs in.

    `metadata_id` names the workflow's record of runs, `audited` says that alerts are for the record only, `documents` are
    those (by index) to which earlier monitors' findings narrow the search, `findings` the ids of those findings.
    """

    id: str
    metadata_id: str
    audited: bool
    documents: dict[str, list[str]] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
