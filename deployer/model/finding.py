"""What a check found, and the collector that lets one run report all of it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployer.model.errors import DeployerError, Location

if TYPE_CHECKING:
    from deployer.model.exclusion import Exclusion


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong (or doubtful) in what people wrote.

    `code` is stable (``DAC004``), `message` says what is wrong, `hint` what to do, `level` is ``error`` or ``warning``.
    `about` is the monitor (``AN0904/discovery``) or log source that it concerns, where it concerns one.
    """

    code: str
    message: str
    where: Location
    hint: str = ""
    level: str = "error"
    about: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.level} {self.code}: {self.message}"
        return f"{text}\n    {self.hint}" if self.hint else text


@dataclass(slots=True)
class Findings:
    """Collects findings, so that all errors of all files come in one run. `root` is the folder that their files are below, if known.

    `excluded` are findings that were set apart, each with the exclusion that did it.
    """

    items: list[Finding] = field(default_factory=list)
    root: str = ""
    excluded: list[tuple[Finding, Exclusion]] = field(default_factory=list)
    _known: set[Finding] = field(default_factory=set, repr=False, compare=False)

    def add(
        self, code: str, message: str, where: Location, hint: str = "", level: str = "error", about: str = ""
    ) -> None:
        """Note one finding; the same one twice is kept once."""
        finding = Finding(code, _short(message), where, _short(hint), level, about)
        if len(self._known) != len(self.items):  # items may be set from outside
            self._known = set(self.items)
        if finding not in self._known:
            self._known.add(finding)
            self.items.append(finding)

    def warn(self, code: str, message: str, where: Location, hint: str = "") -> None:
        """Note a finding that does not stop a deploy."""
        self.add(code, message, where, hint, "warning")

    @property
    def errors(self) -> list[Finding]:
        """The findings that stop a deploy, in the order of files and lines."""
        return [finding for finding in self.sorted() if finding.level == "error"]

    def sorted(self) -> list[Finding]:
        """All findings in the order of files and lines."""
        return sorted(self.items, key=lambda f: (f.where.file, f.where.line, f.where.column, f.code))

    def raise_errors(self) -> None:
        """Raise `InvalidRepositoryError` if anything found is an error."""
        if self.errors:
            raise InvalidRepositoryError(self)


REFUSED = frozenset({"DAC013"})
"""Codes of what is understood and refused for safety, where all else is a mistake (docs: exit codes)."""


class InvalidRepositoryError(DeployerError):
    """What people wrote has errors; `findings` has them all. Nothing was written anywhere.

    Exit code 1, or 3 if every error is one of `REFUSED`.
    """

    code = "invalid"

    def __init__(self, findings: Findings) -> None:
        count = len(findings.errors)
        super().__init__(
            f"{count} error{'s' if count != 1 else ''} in the repository's files",
            todo="Mend them and run `deployer validate`.",
        )
        self.findings = findings
        if findings.errors and all(finding.code in REFUSED for finding in findings.errors):
            self.exit_code = 3


def _short(text: str) -> str:
    """A name of a megabyte is no reason for a message of a megabyte."""
    return text if len(text) <= MESSAGE else f"{text[: MESSAGE - 1]}…"


MESSAGE = 2_000
"""Characters of a message."""

LONGEST, MOST = 100, 3_000
"""Characters of a name, and names, between which a near one is looked for."""


def near(name: str, names: Iterable[str]) -> str:
    """A hint with the nearest known name, or the known names when they are few: ``did you mean 'TimeWindow'?``.

    Ids such as AN0903 all look alike: one is guessed only if a single character differs, else the nearest are listed.
    """
    known = sorted(map(str, names))
    if not known:
        return ""
    if len(name) > LONGEST:  # no slip of the pen; and comparing takes the square of its length
        return f"known here: {', '.join(known[:12])}{', ...' if len(known) > 12 else ''}"
    known = known[:MOST]
    if _ID.fullmatch(name.upper()) and all(_ID.fullmatch(other) for other in known):
        if name.upper() in known:
            return f"did you mean '{name.upper()}'?"
        close = [other for other in known if _differences(name.upper(), other) == 1]
        if len(close) == 1:
            return f"did you mean '{close[0]}'?"
        listed = difflib.get_close_matches(name.upper(), known, n=12, cutoff=0.0)
        return f"known here: {', '.join(sorted(listed))}{', ...' if len(known) > len(listed) else ''}"
    lower = {other.lower(): other for other in known}
    close = [lower[found] for found in difflib.get_close_matches(name.lower(), list(lower), n=1, cutoff=0.6)]
    if close:
        return f"did you mean '{close[0]}'?"
    return f"known here: {', '.join(known[:12])}{', ...' if len(known) > 12 else ''}"


_ID = re.compile(r"[A-Z]{1,8}[0-9]{3,6}")


def _differences(one: str, other: str) -> int:
    """How many characters differ; one left out or put in counts as one."""
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True))
    longer, shorter = sorted((one, other), key=len, reverse=True)
    if len(longer) - len(shorter) > 1:
        return len(longer)
    return 1 if any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer))) else 2
