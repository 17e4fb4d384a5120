"""Names on the cluster: of a deployment, or of a throw-away test that shares nothing with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Naming:
    """How the objects of one deployment are called.

    `deployment` is the ownership marker and the prefix of templates and pipelines. `streams` is the first part of the
    data streams' names: ``logs`` in production; a test uses a prefix of its own, so that no deployed monitor sees its
    events. `namespaces` are those that monitors read and templates shape; its pattern ends in a star, because the server
    refuses a monitor on a single index that does not exist yet.
    """

    deployment: str
    streams: str = "logs"
    namespaces: str = "*"

    @property
    def owner(self) -> str:
        """The owner of every monitor: the token ``alerting`` keeps it visible in Dashboards (FACTS.md, "Identity")."""
        return f"alerting {self.deployment}"

    def resource(self, short: str) -> str:
        """The cluster's name of a template, pipeline or channel."""
        return f"{self.deployment}-{short}"

    def stream(self, dataset: str, namespace: str) -> str:
        """The data stream of a dataset."""
        return f"{self.streams}-{dataset}-{namespace}"

    def pattern(self, dataset: str) -> str:
        """The index pattern of a dataset."""
        return f"{self.streams}-{dataset}-{self.namespaces}"

    def trigger(self, analytic: str, monitor: str) -> str:
        """The stable id of a monitor's trigger; it names an aggregation too, so it has no brackets and no ``>``."""
        return f"{self.deployment}.{analytic}.{monitor}"
