"""A finding that somebody has looked at and lives with, for a reason and until a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from deployer.model.codes import CODES
from deployer.model.errors import Location
from deployer.model.finding import Finding, Findings

SOON = timedelta(days=30)
"""How long before its last day an exclusion or exception is told of."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Leaves findings of one code out of what fails.

    `analytic` is the analytic in whose file it stands, empty for an environment's. `on` narrows it to one monitor (of an
    analytic, its key), or in an environment to an analytic, a monitor (``AN0904/discovery``) or a log source.
    """

    code: str
    on: str
    owner: str
    reason: str
    expires: date
    where: Location
    analytic: str = ""

    def covers(self, finding: Finding, *, live: bool = False) -> bool:
        """Whether a finding is one of those; `live` if it was made on the environment's cluster, not in the files.

        Of findings in the files, an environment's exclusions cover those of its own file only.
        """
        if finding.code != self.code:
            return False
        if not self.analytic:
            on = not self.on or finding.about == self.on or finding.about.startswith(f"{self.on}/")
            return on and (live or finding.where.file == self.where.file)
        if finding.about:
            wanted = f"{self.analytic}/{self.on}" if self.on else self.analytic
            return finding.about == wanted or finding.about.startswith(f"{wanted}/")
        return not self.on and finding.where.file.rpartition("/")[0] == self.where.file.rpartition("/")[0]


def exclude(findings: Findings, exclusions: Iterable[Exclusion], *, live: bool = False) -> set[Exclusion]:
    """Set the findings apart that an exclusion covers; gives the exclusions that covered one. `live` as in `Exclusion.covers`.

    An exclusion that has expired covers as before: it is an error in itself (`check_expiry`).
    """
    known, used = list(exclusions), set()
    kept = []
    for finding in findings.items:
        by = next((item for item in known if item.covers(finding, live=live)), None)
        if by is None:
            kept.append(finding)
        else:
            used.add(by)
            findings.excluded.append((finding, by))
    findings.items[:] = kept
    return used


def check_expiry(exclusions: Iterable[Exclusion], findings: Findings, today: date | None = None) -> None:
    """Add a finding for each exclusion that has expired, or will soon."""
    for item in exclusions:
        check_last_day(f"the exclusion of {item.code}", item.expires, item.owner, item.where, findings, today)


def check_last_day(
    what: str, expires: date, owner: str, where: Location, findings: Findings, today: date | None = None
) -> None:
    """Add a finding for what holds until a day, if that has passed or is less than `SOON` away. Days are those of UTC, so
    that every machine finds the same."""
    day = today or datetime.now(UTC).date()
    if expires < day:
        todo = f"ask {owner} whether it still holds, then move the date or remove it"
        findings.add("DAC016", f"{what} expired on {expires}", where, todo)
    elif expires < day + SOON:
        findings.warn("DAC016", f"{what} expires on {expires}", where, f"ask {owner} whether it still holds")


def check_unused(exclusions: Iterable[Exclusion], used: set[Exclusion], findings: Findings) -> None:
    """Add a warning for each exclusion that covers nothing any more. Those of what only a cluster tells are left alone."""
    for item in exclusions:
        if item not in used and not CODES[item.code].live:
            findings.warn(
                "DAC011",
                f"the exclusion of {item.code} covers nothing",
                item.where,
                "what it was for is mended: remove it",
            )
