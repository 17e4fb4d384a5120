"""docs/evasions.md, made of the lists that the test runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

from tests.evasions.catalogue import VERDICTS, Entry
from tests.evasions.forms import command_of

HEAD = """\
# Evasions

How people write the commands that these analytics look for, and whether the analytic alerts. Made of the lists in
`tests/evasions` by `python -m tests.evasions`. `tests/integration/test_evasions.py` sends each row in its raw form through
the pipelines of a real node and runs the monitor: **caught** and **noisy** must alert, **missed** and **quiet** must not.

- **caught**: an attack, and it alerts.
- **missed**: an attack, and it does not alert. The reason says what else sees it.
- **quiet**: harmless, and it does not alert.
- **noisy**: harmless, and it alerts all the same.

A command that a shell, a script or a launcher rewrites (variables, wildcards, base64) starts a process of its own. Where
processes are logged (Sysmon, 4688, Defender, audit, osquery, Endpoint Security), that process is caught whatever the text
before it was. Logs of typed commands have the text alone; there the row counts as it stands.

In the tables `⏎` is the end of a line and `⇥` a tab. A row of several events has `+` between them.
"""

NAMES = {"AN0903": "Windows", "AN0904": "Linux", "AN0905": "macOS", "AN0906": "ESXi", "AN0907": "Network devices"}


def document(entries: Iterable[Entry]) -> str:
    """The whole page."""
    known = sorted(entries, key=lambda entry: entry.analytic)
    lines = [HEAD, *_summary(known)]
    for analytic, of_analytic in groupby(known, key=lambda entry: entry.analytic):
        lines += ["", f"## {analytic}, {NAMES[analytic]}"]
        for section, of_section in groupby(of_analytic, key=lambda entry: entry.section):
            lines += ["", f"### {section}", *_table(list(of_section))]
    return "\n".join(lines) + "\n"


def _summary(known: list[Entry]) -> Iterator[str]:
    counts = Counter((entry.analytic, entry.verdict) for entry in known)
    yield f"| | {' | '.join(VERDICTS)} |"
    yield "| --- |" + " ---: |" * len(VERDICTS)
    for analytic in sorted({entry.analytic for entry in known}):
        numbers = " | ".join(str(counts[analytic, verdict]) for verdict in VERDICTS)
        yield f"| {analytic}, {NAMES[analytic]} | {numbers} |"


def _table(rows: list[Entry]) -> Iterator[str]:
    yield f"\nLog source `{rows[0].source}`.\n"
    yield "| | how | written as |"
    yield "| --- | --- | --- |"
    for row in rows:
        how = _text(row.how) + (f". Why: {_text(row.why)}" if row.why else "")
        yield f"| {row.verdict} | {how} | {' + '.join(_shown(event) for event in row.events)} |"


def _shown(event: dict[str, object]) -> str:
    if "opens" in event:
        return f"{_code(str(event['exe']))} opens {_code(str(event['opens']))}"
    shown = _code(command_of(event))
    if "encoded" in event:
        shown = _code(str(event["command"]).replace("{code}", "...")) + f" (code of {_code(str(event['encoded']))})"
    if "image" in event and "original" in event:
        shown += f" (originally {_code(str(event['original']))})" if event["original"] else ""
    if "exe" in event:
        shown += f" (runs {_code(str(event['exe']))})"
    return shown


def _code(text: str) -> str:
    plain = text.replace("\n", "⏎").replace("\t", "⇥").replace("|", "\\|")
    if not plain.strip():
        return "(empty)"
    if "`" not in plain:
        return f"`{plain}`"
    return f"`` {plain} ``"


def _text(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("${", "\\${")
