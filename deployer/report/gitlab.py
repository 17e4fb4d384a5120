"""Findings as a code quality report of GitLab, which a merge request shows beside the lines."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from deployer.model.codes import CODES
from deployer.model.finding import Finding
from deployer.report.escape import visible

_SEVERITY = {"error": "major", "warning": "minor"}


def findings_gitlab(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """An entry a finding. The same finding on another line is the same to GitLab: its fingerprint says what and in which file."""
    seen: Counter[str] = Counter()
    entries = []
    for finding in findings:
        said = "\0".join((finding.code, finding.where.file, finding.message))
        seen[said] += 1
        code = CODES.get(finding.code)
        title = f"{code.title}: " if code else ""
        entries.append(
            {
                "description": visible(f"{title}{finding.message}{f' ({finding.hint})' if finding.hint else ''}"),
                "check_name": finding.code,
                "fingerprint": hashlib.sha256(f"{said}\0{seen[said]}".encode()).hexdigest(),
                "severity": _SEVERITY[finding.level],
                "location": {"path": finding.where.file, "lines": {"begin": max(1, finding.where.line)}},
            }
        )
    return entries
