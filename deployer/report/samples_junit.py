"""What replaying sample events gave, as JUnit XML: a suite an analytic; a test a case, a variant, a tunable and a monitor.

Only elements and attributes that the schemas of Jenkins and of Surefire both have, because consumers differ in what
they take beyond those.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from deployer.model.finding import Finding
from deployer.model.tested import AnalyticResult, Setting
from deployer.report.findings import finding_text
from deployer.report.samples import failure_lines, name_of

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write, not even as a reference."""


@dataclass(frozen=True, slots=True)
class _Test:
    """One test. `kind` is ``failure`` or ``error``, or empty if it passed."""

    name: str
    group: str
    kind: str = ""
    message: str = ""
    text: str = ""
    seconds: float = 0.0


def samples_junit(results: Sequence[AnalyticResult]) -> str:
    """The results as a JUnit document."""
    suites = [(item.analytic, list(_named_apart(_tests(item)))) for item in results]
    root = Xml.Element("testsuites", {"name": "deployer test", **_counts([test for _, own in suites for test in own])})
    for name, own in suites:
        suite = Xml.SubElement(root, "testsuite", {"name": safe(name), **_counts(own), "skipped": "0"})
        for test in own:
            _case(suite, test)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode")


def safe(text: str) -> str:
    """The text with everything that XML cannot hold made visible."""
    return _NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _case(suite: Xml.Element, test: _Test) -> None:
    case = Xml.SubElement(
        suite,
        "testcase",
        {"classname": safe(test.group), "name": safe(test.name), "time": f"{test.seconds:.3f}"},
    )
    if test.kind:
        Xml.SubElement(case, test.kind, {"message": safe(test.message), "type": test.kind}).text = safe(test.text)


def _counts(tests: Sequence[_Test]) -> dict[str, str]:
    return {
        "tests": str(len(tests)),
        "failures": str(sum(test.kind == "failure" for test in tests)),
        "errors": str(sum(test.kind == "error" for test in tests)),
        "time": f"{sum(test.seconds for test in tests):.3f}",
    }


def _tests(result: AnalyticResult) -> Iterator[_Test]:
    if result.unfinished:
        yield from (_proof(item.message, f"{result.analytic}.draft", item) for item in result.findings)
        return
    for setting in result.settings:
        yield _setting(result.analytic, setting)
    waiting = list(result.findings)
    for item in result.tunables:
        found = _taken(waiting, f"the tunable {item.name} ")
        yield _proof(f"the tunable {item.name} changes an outcome", f"{result.analytic}.tunables", found)
    for key in result.monitors:
        found = _taken(waiting, f"the monitor {key} ")
        yield _proof(f"the monitor {key} alerts on a sample event", f"{result.analytic}.monitors", found)
    for finding in waiting:
        yield _proof(finding.message, f"{result.analytic}.samples", finding)


def _taken(findings: list[Finding], start: str) -> Finding | None:
    """The finding whose message starts so, taken out of the list."""
    found = next((finding for finding in findings if finding.message.startswith(start)), None)
    if found is not None:
        findings.remove(found)
    return found


def _setting(analytic: str, setting: Setting) -> _Test:
    kind = "error" if setting.failed_to_run else "failure" if setting.failures else ""
    lines = [f"{failure.monitor}: {line}" for failure in setting.failures for line in failure_lines(failure)]
    text = "\n".join([str(setting.where), *lines])
    return _Test(name_of(setting), analytic, kind, "; ".join(lines)[:1000], text, setting.seconds)


def _proof(name: str, group: str, finding: Finding | None) -> _Test:
    if finding is None:
        return _Test(name, group)
    return _Test(name, group, "failure", f"{finding.code}: {finding.message}", finding_text(finding))


def _named_apart(tests: Iterator[_Test]) -> Iterator[_Test]:
    """Tests of one name get a number: some consumers keep only the last of them."""
    seen: Counter[tuple[str, str]] = Counter()
    for test in tests:
        seen[test.group, test.name] += 1
        number = seen[test.group, test.name]
        name = test.name if number == 1 else f"{test.name} ({number})"
        yield _Test(name, test.group, test.kind, test.message, test.text, test.seconds)
