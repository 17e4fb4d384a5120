"""What the environments' exceptions leave over of an analytic's positives, on events that went through its pipelines (DAC031).

`validate` sees an exception that leaves nothing over by what is written; one on a field that only the ingested event has
is seen here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

from deployer.model.analytic import Analytic, Case
from deployer.model.environment import Environment, Exemption
from deployer.model.finding import Findings
from deployer.render.target import Target
from deployer.replay.execute import Run

Runner = Callable[[Target, Case, str], Run]
"""Runs one monitor on one case, for a target."""


def check_exceptions(
    analytic: Analytic,
    cases: Sequence[Case],
    target: Target,
    environments: Sequence[Environment],
    run: Runner,
    findings: Findings,
) -> None:
    """Add a finding for each exception with which no positive of a monitor alerts any more.

    A monitor is run on its positives until one survives, which is mostly the first.
    """
    for environment, item, key in _exceptions(analytic, environments):
        positives = [case for case in cases if case.base.alerts.get(key)]
        alone = dataclasses.replace(
            environment, exceptions=(item,), sources={}, tunables={}, monitors={}, channels={}, notify={}, entities={}
        )
        excepting = dataclasses.replace(target, environment=alone)
        if positives and not any(run(excepting, case, key).entities for case in positives):
            findings.add(
                "DAC031",
                f"with the exception {item.id} none of the {len(positives)} positive cases of {analytic.id}/{key} alerts any more",
                item.location,
                f"narrow its condition (ask {item.owner}), or disable the monitor openly under monitors",
                about=f"{analytic.id}/{key}",
            )


def _exceptions(
    analytic: Analytic, environments: Sequence[Environment]
) -> Iterator[tuple[Environment, Exemption, str]]:
    for environment in environments:
        for item in environment.exceptions:
            if item.analytic == analytic.id:
                for key in item.monitors or analytic.monitors:
                    if key in analytic.monitors:
                        yield environment, item, key
