"""The `exclusions` of an analytic or an environment, read into values."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from deployer.catalogue.yamlfile import Document
from deployer.model.codes import CODES, EXCLUDABLE
from deployer.model.exclusion import Exclusion
from deployer.model.finding import Findings, near


def read(
    document: Document, value: Any, known: Collection[str], findings: Findings, analytic: str = ""
) -> tuple[Exclusion, ...]:
    """The exclusions below the key of that name; what is wrong with one is a finding. `known` is what `on` may name."""
    result = []
    for index, raw in enumerate(value or ()):
        path = ("exclusions", index)
        code, on = raw["code"], raw.get("on", "")
        before = len(findings.items)
        if code not in CODES:
            findings.add("DAC004", f"no code '{code}'", document.where(*path, "code"), near(code, CODES))
        elif code not in EXCLUDABLE:
            findings.add(
                "DAC005",
                f"{code} cannot be excluded",
                document.where(*path, "code"),
                f"without mending it nothing can be deployed; those that can: {', '.join(sorted(EXCLUDABLE))}",
            )
        if on and on not in known:
            findings.add("DAC004", f"nothing is called '{on}' here", document.where(*path, "on"), near(on, known))
        try:
            expires = date.fromisoformat(raw["expires"])
        except ValueError:
            findings.add(
                "DAC005", f"'{raw['expires']}' is no day", document.where(*path, "expires"), "such as 2027-03-31"
            )
            continue
        if len(findings.items) == before:
            where = document.where(*path)
            result.append(Exclusion(code, on, raw["owner"], raw["reason"], expires, where, analytic))
    return tuple(result)
