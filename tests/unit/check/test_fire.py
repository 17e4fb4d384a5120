"""Can it ever fire? Each way in which a monitor can be silent is planted, and named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.check import validate_repository
from deployer.model.finding import Findings
from tests.unit.repo import shown, write

OWN = "templates/monitors/own.json.j2"
ANALYTIC = "detections/DET9999/XX0001/analytic.yml"
LOCAL = "environments/local.yml"


def found(root: Path) -> list[str]:
    """Codes and places with messages, without what only follows from a changed file (samples that prove nothing any more)."""
    return [line for line in shown(validate_repository(root).findings) if not line.startswith("DAC017")]


def hints(findings: Findings) -> str:
    return "\n".join(finding.hint for finding in findings.sorted())


def planted(root: Path, block: str, body: str, **changes: tuple[str, str]) -> Path:
    """The small repository, its monitor `discovery` made by a template of its own that replaces one block."""
    changes.setdefault("analytic", ("    template: entity\n", "    template: own\n"))
    write(root, **changes)
    text = f'[% extends "monitors/entity.json.j2" %]\n[% block {block} %]{body}[% endblock %]\n'
    (root / OWN).write_text(text, "utf-8")
    return root


@pytest.mark.parametrize(
    ("clause", "code", "at", "message"),
    [
        ('{"term": {"process.nam": "netstat"}}', "DAC007", "process.nam", "the search asks the field 'process.nam'"),
        ('{"exists": {"field": "process.nam"}}', "DAC007", "process.nam", "the search asks the field 'process.nam'"),
        ("{\"script\": {\"script\": \"doc['procss.pid'].value > 1\"}}", "DAC007", "procss.pid", "the search asks the field 'procss.pid'"),
        ('{"term": {"message": "netstat"}}', "DAC008", "netstat", "term on 'message', which is of type match_only_text"),
        ('{"wildcard": {"message": "net*"}}', "DAC008", "net*", "wildcard on 'message', which is of type match_only_text"),
        ('{"intervals": {"process.name": {"match": {"query": "x"}}}}', "DAC008", "process.name", "intervals on 'process.name', which is of type keyword"),
        ('{"prefix": {"process.pid": "4x"}}', "DAC008", "4x", "prefix on 'process.pid', which is of type long"),
        ('{"term": {"process.pid": "four"}}', "DAC008", "four", "term on 'process.pid', which is of type long"),
        ('{"match": {"process.title": "netstat"}}', "DAC008", "netstat", "match on 'process.title', which is of type keyword"),
        ('{"query_string": {"query": "process.command_line:*net.exe*"}}', "DAC021", "*net.exe*", "the query_string '*net.exe*'"),
        ('{"query_string": {"fields": ["process.command_line"], "query": "a OR n?t"}}', "DAC021", "n?t", "the query_string 'n?t'"),
        ('{"query_string": {"query": "(*net*)"}}', "DAC021", "*net*", "the query_string '*net*'"),
        (r'{"wildcard": {"process.command_line": "*net\\-start*"}}', "DAC022", "*net", r"the pattern '*net\-start*'"),
        (r'{"wildcard": {"process.name": "\\*net\\*"}}', "DAC022", r"\\*net", r"the pattern '\*net\*'"),
        (r'{"wildcard": {"process.name": "C:\\\\\\\\Windows\\\\\\\\net*"}}', "DAC022", "C:", "the backslashes of a path are escaped twice"),
        ('{"wildcard": {"process.name": {"value": "*stat"}}}', "DAC023", "*stat", "'*stat' begins with a wildcard on 'process.name'"),
        ('{"regexp": {"process.name": ".*stat"}}', "DAC023", ".*stat", "'.*stat' begins with a wildcard on 'process.name'"),
        ('{"query_string": {"query": "process.name:*stat"}}', "DAC023", "*stat", "'*stat' begins with a wildcard on 'process.name'"),
        ('{"match_none": {}}', "DAC029", "match_none", "the search of XX0001/discovery matches nothing"),
        ('{"terms": {"process.name": []}}', "DAC029", "", "the search of XX0001/discovery matches nothing"),
        ('{"bool": {"filter": [{"range": {"process.pid": {"gte": 9}}}, {"range": {"process.pid": {"lt": 9}}}]}}', "DAC029", "", "matches nothing"),
        ('{"term": {"user.name": "{{user}}"}}', "DAC030", "{{user}}", "the search holds {{user}}"),
    ],
)  # fmt: skip
def test_a_clause_that_cannot_do_its_work_is_found_in_a_template_of_ones_own(
    tmp_path: Path, clause: str, code: str, at: str, message: str
) -> None:
    """The rendered search is looked at, whoever wrote it; the finding names the line and column of the template."""
    planted(tmp_path, "filter", f", [[ query ]], {clause}")
    column = (tmp_path / OWN).read_text().splitlines()[1].find(at) + 1

    lines = found(tmp_path)

    assert 1 == len(lines), lines
    assert message in lines[0]
    assert lines[0].startswith(f"{code} {OWN}:2:{column} " if at else f"{code} {ANALYTIC}:27:3 ")


@pytest.mark.parametrize(
    "clause",
    [
        '{"query_string": {"query": "process.command_line:net*"}}',
        '{"query_string": {"query": "process.command_line:\\"*net*\\" OR process.command_line:/.*net.*/"}}',
        '{"query_string": {"query": "process.name:n?t"}}',
        r'{"wildcard": {"process.command_line": "*C:\\\\Windows\\\\*"}}',
        r'{"wildcard": {"process.command_line": "*net use \\\\\\\\server\\\\*"}}',
        r'{"wildcard": {"process.command_line": "*100\\**"}}',
        '{"wildcard": {"process.command_line": "*net*"}}',
        '{"match_phrase": {"message": "show tcp"}}',
        '{"match": {"user.name": "alice"}}',
        '{"terms": {"process.pid": [4, "5"]}}',
        '{"range": {"process.pid": {"gte": 9, "lt": 10}}}',
        '{"bool": {"must_not": [{"wildcard": {"process.command_line": "*backup*"}}]}}',
        '{"script": {"script": "doc.containsKey(\'x.y\') && doc[\'x.y\'].size() > 0"}}',
    ],
)
def test_a_clause_that_works_is_left_alone(tmp_path: Path, clause: str) -> None:
    """No false alarm: what the server was measured to answer rightly is no finding."""
    assert [] == found(planted(tmp_path, "filter", f", [[ query ]], {clause}"))


def base(root: Path, old: str, new: str, **changes: tuple[str, str]) -> Path:
    """The small repository, whose base template has `new` in the place of `old`."""
    write(root, **changes)
    path = root / "templates/monitors/base.json.j2"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return root


def liking(root: Path, operator: str, pattern: str) -> Path:
    """The small repository, whose condition has one more pattern."""
    more = f"      all:\n        - {{field: process.command_line, {operator}: ['{pattern}']}}\n"
    return write(root, analytic=("      all:\n", more))


@pytest.mark.parametrize(
    ("operator", "pattern"),
    [
        ("like", r"C:\\Windows\\*"),
        ("like", r"*\\Temp\\*"),
        ("like", r"*\\net.exe"),
        ("like", r"\*psexec\*"),
        ("matches", r"/.*psexec\\.exe.*/"),
    ],
)
def test_a_pattern_that_is_escaped_too_often_is_found_in_the_condition(
    tmp_path: Path, operator: str, pattern: str
) -> None:
    """As people escape for a shell, for JSON or for another tool; the condition's own line is named."""
    lines = found(liking(tmp_path, operator, pattern))

    assert lines
    assert all(line.startswith(f"DAC022 {line_of(tmp_path, ANALYTIC, pattern)}") for line in lines), lines


@pytest.mark.parametrize(
    ("operator", "pattern"),
    [
        ("like", r"C:\Windows\*"),
        ("like", r"*\net.exe"),
        ("like", r"*\\server01\share*"),
        ("like", r"net use \\server01*"),
        ("like", r"\\*\admin$*"),
        ("matches", r"/.*psexec\.exe.*/"),
        ("matches", r"/.*c:\\.*psexec.*/"),
    ],
)
def test_a_pattern_that_is_escaped_as_it_should_be_is_left_alone(tmp_path: Path, operator: str, pattern: str) -> None:
    """Paths and network names as they are, and expressions with one backslash before a sign."""
    assert [] == found(liking(tmp_path, operator, pattern))


def line_of(root: Path, file: str, text: str) -> str:
    """``file:line:`` of the first line that has a text."""
    lines = (root / file).read_text("utf-8").splitlines()
    return f"{file}:{next(number for number, line in enumerate(lines, 1) if text in line)}:"


RANGE = '{"range": {"@timestamp": {"gt": [[ look_back_from ]], "lte": [[ look_back_to ]], "format": "epoch_millis"}}}'
BASE = "templates/monitors/base.json.j2"
MARK = '"composite":'


@pytest.mark.parametrize(
    "new",
    [
        '{"match_all": {}}',
        '{"range": {"@timestamp": {"lte": [[ look_back_to ]], "format": "epoch_millis"}}}',
        '{"bool": {"should": [{"range": {"@timestamp": {"gt": [[ look_back_from ]]}}}, {"exists": {"field": "user.name"}}], "minimum_should_match": 1}}',
        '{"bool": {"must_not": [{"range": {"@timestamp": {"gt": [[ look_back_from ]]}}}]}}',
    ],
)
def test_a_search_without_a_lower_bound_of_time_is_found(tmp_path: Path, new: str) -> None:
    """None at all, only an upper bound, or one that an event may go round: each reads old events for ever."""
    lines = found(base(tmp_path, RANGE, new))

    assert {"DAC024"} == {line.split()[0] for line in lines}, lines
    assert ["XX0001/correlated", "XX0001/discovery"] == sorted(line.split()[2].rstrip(":") for line in lines)


@pytest.mark.parametrize(
    ("bound", "shown_as"),
    [
        ("{{period_end}}||-7m", "looks back 7m, and needs 8m: window 5m, longest time between two runs 1m, ingest delay 2m"),
        ("{{period_start}}", "looks back 1m, and needs 8m"),
        ("now-1h+55m", "looks back 5m, and needs 8m"),
    ],
)  # fmt: skip
def test_a_look_back_shorter_than_window_interval_and_delay_is_found(tmp_path: Path, bound: str, shown_as: str) -> None:
    """The sum of the three is what a search must look back, however the bound is written."""
    lines = found(base(tmp_path, "[[ look_back_from ]]", f'"{bound}"'))

    line = next(line for line in lines if "XX0001/discovery" in line)
    assert line.startswith(f"DAC025 {line_of(tmp_path, BASE, bound)}")
    assert shown_as in line


@pytest.mark.parametrize("bound", ["{{period_end}}||-33m", "{{period_start}}||-32m", "now-1h"])
def test_a_look_back_of_that_length_is_enough(tmp_path: Path, bound: str) -> None:
    """33 minutes are the window, the interval and the delay of the slower of the two monitors, to the second."""
    assert [] == found(base(tmp_path, "[[ look_back_from ]]", f'"{bound}"'))


def test_an_index_pattern_that_no_log_source_writes_to_is_found(tmp_path: Path) -> None:
    """A misspelt pattern reads nothing; the nearest real one is named."""
    base(tmp_path, '"indices": [[ indices ]]', '"indices": ["logs-x.plane-*"]')

    findings = validate_repository(tmp_path).findings

    assert f"DAC026 {line_of(tmp_path, BASE, 'logs-x.plane')}" in shown(findings)[0]
    assert "'logs-x.plane-*'" in shown(findings)[0]
    assert "logs-x.plain-*" in hints(findings)


@pytest.mark.parametrize("pattern", ["logs-*", "*", "other:logs-x.plain-prod", "logs-x.plain-*,-logs-x.plain-test"])
def test_an_index_pattern_that_a_log_source_writes_to_is_none(tmp_path: Path, pattern: str) -> None:
    """Wider and narrower patterns, remote clusters and exclusions are left alone."""
    assert [] == found(base(tmp_path, '"indices": [[ indices ]]', f'"indices": ["{pattern}"]'))


@pytest.mark.parametrize(
    ("metric", "path", "limit", "why"),
    [
        ('"names": {"terms": {"field": "process.name"}}', "names._bucket_count", 10, "'names' gives no more buckets"),
        ('"names": {"terms": {"field": "process.name", "size": 19}}', "names._bucket_count", 19, "'names' gives no more buckets"),
        ('"names": {"cardinality": {"field": "user.name"}}', "names", 1, "all events of a bucket have the same 'user.name'"),
    ],
)  # fmt: skip
def test_a_threshold_above_what_a_bucket_can_hold_is_found(
    tmp_path: Path, metric: str, path: str, limit: int, why: str
) -> None:
    """More values than a `terms` has buckets, or different values of what the buckets are cut by."""
    planted(tmp_path, "metrics", f'"first_seen": {{"min": {{"field": "@timestamp"}}}}, {metric}')
    condition = f'"buckets_path": {{"n": "{path}"}}, "script": {{"source": "params.n >= 20", "lang": "painless"}}'
    (tmp_path / OWN).write_text(f"{(tmp_path / OWN).read_text()}[% block condition %]{condition}[% endblock %]\n")

    lines = found(tmp_path)

    assert [f"DAC027 {OWN}:3:"] == [line[: len(f"DAC027 {OWN}:3:")] for line in lines], lines
    assert f"at least 20 of '{path}' in one bucket, and {limit} is the most: {why}" in lines[0]


def test_a_threshold_on_buckets_of_one_event_or_of_a_minute_is_found(tmp_path: Path) -> None:
    """Buckets cut by the event's id hold one event; buckets of a minute never hold what five minutes may spread."""
    base(tmp_path, '"sources": [[ entity_sources ]]', '"sources": [{"host": {"terms": {"field": "_id"}}}]')
    assert any(
        "XX0001/discovery wants at least 2 of '_count' in one bucket, and 1 is the most" in line
        for line in found(tmp_path)
    )

    by_minute = '"sources": [{"minute": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1m"}}}]'
    base(tmp_path, '"sources": [[ entity_sources ]]', by_minute)
    assert any(
        line.startswith(f"DAC027 {line_of(tmp_path, BASE, 'date_histogram')}") and "in buckets of 60 s" in line
        for line in found(tmp_path)
    )


def test_more_different_values_than_the_condition_lets_through_are_found(tmp_path: Path) -> None:
    """Two names are looked for and three different ones demanded."""
    text = "    template: entity\n    distinct: {field: process.name, threshold: 3}\n"
    only = '[% extends "monitors/entity.json.j2" %]\n[% block filter %], [[ query ]], {"terms": {"process.name": ["ss", "netstat"]}}[% endblock %]\n'
    write(tmp_path, analytic=("    template: entity\n", text.replace("entity", "own", 1)))
    (tmp_path / OWN).write_text(only)

    lines = found(tmp_path)

    assert [f"DAC027 {ANALYTIC}:30:15"] == [" ".join(line.split()[:2]) for line in lines], lines
    assert "the query lets only ss, netstat through" in lines[0]


@pytest.mark.parametrize(
    ("size", "local", "names"),
    [
        ('"size": 100, ', None, ["discovery", "correlated"]),
        ("", None, ["discovery", "correlated"]),
        ('"size": 1000, ', "entities: {user: {expected: 5000}}\n", ["discovery"]),
    ],
)
def test_a_page_smaller_than_the_entities_expected_is_found(
    tmp_path: Path, size: str, local: str | None, names: list[str]
) -> None:
    """The size in the template, or the server's default of ten, against what entities.yml or the environment expects."""
    changes = {"local": ("channels:", f"{local}channels:")} if local else {}
    base(tmp_path, '"size": [[ composite_size ]], ', size, **changes)

    lines = found(tmp_path)

    assert sorted(f"XX0001/{name}" for name in names) == sorted(line.split()[2] for line in lines), lines
    assert all(line.startswith(f"DAC028 {line_of(tmp_path, BASE, MARK)}") for line in lines)


def test_our_own_templates_make_room_for_the_entities_expected(tmp_path: Path) -> None:
    """An environment that expects more gets a larger page, and no finding."""
    write(tmp_path, local=("channels:", "entities: {user: {expected: 20000}}\nchannels:"))

    report = validate_repository(tmp_path)

    assert [] == shown(report.findings)
    sizes = {
        subject.key: subject.search["aggregations"]["composite_agg"]["composite"]["size"] for subject in report.subjects
    }
    assert {"XX0001/discovery": 20_000, "XX0001/correlated": 10_000} == sizes


@pytest.mark.parametrize(
    ("old", "tunables", "what"),
    [
        ("", "Patterns: [/.*/]", "matches every event of its log sources"),
        ("", "Patterns: [/x/, /.+/]", "matches every event of its log sources"),
        ("", "Patterns: ['/(.*)/']", "matches every event of its log sources"),
        ("", "Patterns: ['/.*.*/']", "matches every event of its log sources"),
        ("", "Patterns: ['/.{0,}/']", "matches every event of its log sources"),
        ("", "Patterns: ['/(a|.)*/']", "matches every event of its log sources"),
    ],
)
def test_a_tunable_that_makes_the_search_match_everything_is_found_where_its_value_stands(
    tmp_path: Path, old: str, tunables: str, what: str
) -> None:
    """The environment's value is at fault, and its line is named."""
    write(tmp_path, local=("channels:", f"tunables: {{XX0001: {{{tunables}}}}}\nchannels:"))

    lines = found(tmp_path)

    assert lines
    assert all(line.startswith(f"DAC029 {LOCAL}:4:31 with Patterns as it is") and what in line for line in lines), lines


def test_a_tunable_that_makes_the_search_empty_is_found(tmp_path: Path) -> None:
    """An empty list matches nothing: in the environment it is named there, as a default in the analytic."""
    many = ('default: [netstat, "net use $"], min_items: 1', 'default: [netstat, "net use $"]')
    write(tmp_path, analytic=many, local=("channels:", "tunables: {XX0001: {Patterns: []}}\nchannels:"))
    lines = found(tmp_path)
    assert {f"DAC029 {LOCAL}:4:31"} == {" ".join(line.split()[:2]) for line in lines}, lines
    assert all("matches nothing" in line for line in lines)

    write(tmp_path, analytic=('default: [netstat, "net use $"], min_items: 1', "default: []"))
    lines = found(tmp_path)
    assert {f"DAC029 {ANALYTIC}:12:3"} == {" ".join(line.split()[:2]) for line in lines}, lines


def test_the_tunable_at_fault_is_named_and_not_another_that_is_empty(tmp_path: Path) -> None:
    """An empty allowlist leaves nobody out: what is empty and demanded is at fault, and so is a network of all addresses left out."""
    condition = "      all:\n        - {not: {field: source.ip, cidr: {tunable: Known}}}\n"
    write(tmp_path, analytic=("      all:\n", condition))
    path = tmp_path / ANALYTIC
    text = path.read_text().replace("min_items: 1", "min_items: 0", 1)
    known = "  Known: {type: strings, description: K., default: []}\n"
    path.write_text(text.replace("events:\n", f"{known}events:\n", 1))
    assert [] == found(tmp_path)

    before = (tmp_path / LOCAL).read_text()
    for values, name in (("Patterns: []", "Patterns"), ("Known: ['0.0.0.0/0', '::/0']", "Known")):
        (tmp_path / LOCAL).write_text(f"{before}tunables: {{XX0001: {{{values}}}}}\n")
        lines = found(tmp_path)

        assert lines
        assert all(line.startswith(f"DAC029 {LOCAL}:7:") and f" with {name} as it is" in line for line in lines), lines


def test_an_entity_that_no_event_can_name_is_found(tmp_path: Path) -> None:
    """A misspelt field of an entity: every alert would be of the placeholder."""
    lines = found(write(tmp_path, entities=("fields: [user.name]", "fields: [user.nmae, user.no]")))

    assert [
        f"DAC007 {ANALYTIC}:31:13 XX0001/discovery: the entity 'user' has the fields user.nmae, user.no, which is not in the mapping of x.plain"
    ] == [line for line in lines if "DAC007" in line]


def test_two_bounds_that_leave_no_number_are_found(tmp_path: Path) -> None:
    """The lowest is above the highest: the one that the environment sets is named."""
    condition = "    where:\n      all:\n        - {field: process.pid, gte: {tunable: Low}}\n        - {field: process.pid, lte: {tunable: High}}\n"
    write(tmp_path, analytic=("    where:\n      all:\n", condition))
    path = tmp_path / ANALYTIC
    bounds = "  Low: {type: integer, description: Low., default: 1}\n  High: {type: integer, description: High., default: 9}\n"
    path.write_text(path.read_text().replace("events:\n", f"{bounds}events:\n", 1))
    assert [] == found(tmp_path)

    (tmp_path / LOCAL).write_text(f"{(tmp_path / LOCAL).read_text()}tunables: {{XX0001: {{Low: 10}}}}\n")
    lines = found(tmp_path)

    assert {f"DAC029 {LOCAL}:7:26"} == {" ".join(line.split()[:2]) for line in lines}, lines


def test_an_allowlist_that_lists_everybody_is_found(tmp_path: Path) -> None:
    """A star in what is left out leaves nothing over."""
    condition = "      all:\n        - {not: {field: user.name, like: {tunable: Allowed}}}\n"
    write(
        tmp_path,
        analytic=("      all:\n", condition),
        local=("channels:", 'tunables: {XX0001: {Allowed: ["*"]}}\nchannels:'),
    )
    path = tmp_path / ANALYTIC
    path.write_text(
        path.read_text().replace(
            "events:\n", "  Allowed: {type: strings, description: A., default: [svc]}\nevents:\n", 1
        )
    )

    lines = found(tmp_path)

    assert {f"DAC029 {LOCAL}:4:30"} == {" ".join(line.split()[:2]) for line in lines}, lines
    assert all("matches nothing" in line for line in lines)


@pytest.mark.parametrize(
    ("where", "monitors"),
    [
        ('{field: user.name, like: "*"}', ["discovery", "correlated"]),
        ("{source: x.plain}", ["discovery", "correlated"]),
        ("{field: process.command_line, exists: true}", ["discovery", "correlated"]),
        ('{field: process.command_line, matches: [netstat, "net use $", arp]}', ["discovery", "correlated"]),
        ("{all: [{field: user.name, equals: alice}, {field: host.name, in: [h1, h2]}]}", ["discovery"]),
        ("{field: host.name, like: 'h*'}", ["discovery", "correlated"]),
    ],
)
def test_an_exception_that_leaves_nothing_over_is_found(tmp_path: Path, where: str, monitors: list[str]) -> None:
    """All events, all that the condition looks for, or all positives of the samples: the monitor is off, and nobody said so."""
    exception = f"exceptions: [{{id: EX1, analytic: XX0001, where: {where}, owner: o, reason: r, expires: '2999-01-01'}}]\nchannels:"
    write(tmp_path, local=("channels:", exception))

    lines = found(tmp_path)

    assert {f"DAC031 {LOCAL}:4:14"} == {" ".join(line.split()[:2]) for line in lines}, lines
    assert sorted(f"XX0001/{name}" for name in monitors) == sorted(
        part for line in lines for part in line.split() if part.startswith("XX0001/")
    )


@pytest.mark.parametrize(
    "where",
    [
        "{field: user.name, equals: svc-backup}",
        "{all: [{field: user.name, equals: alice}, {field: process.pid, gte: 5}]}",
        "{field: process.command_line, matches: [netstat]}",
        "{not: {field: host.name, equals: h1}}",
    ],
)
def test_an_exception_that_leaves_something_over_is_none(tmp_path: Path, where: str) -> None:
    """One account, one of two patterns, all other hosts: that is what exceptions are for."""
    exception = f"exceptions: [{{id: EX1, analytic: XX0001, where: {where}, owner: o, reason: r, expires: '2999-01-01'}}]\nchannels:"

    assert [] == found(write(tmp_path, local=("channels:", exception)))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ('"buckets_path": {"count": "_count"}, "script": {"source": "params.count >= params.limit", "params": {}}', "uses params.limit"),
        ('"buckets_path": {"count": "nothing"}, "script": {"source": "params.count >= 1", "params": {}}', "reads 'nothing'"),
        ('"buckets_path": {"count": "_count"}, "script": {"source": "(params.count >= 1", "params": {}}', "has a ( that is not closed"),
        ('"buckets_path": {"count": "_count"}, "script": {"source": "params.count >= \'1", "params": {}}', "has a quote that is not closed"),
        ('"buckets_path": {"count": "_count"}, "script": {"source": " ", "params": {}}', "is empty"),
    ],
)  # fmt: skip
def test_a_condition_that_the_server_cannot_run_is_found(tmp_path: Path, condition: str, message: str) -> None:
    """What is accepted when it is stored, and fails at each run."""
    lines = found(planted(tmp_path, "condition", condition))

    assert [f"DAC030 {OWN}:2:"] == [line[: len(f"DAC030 {OWN}:2:")] for line in lines], lines
    assert message in lines[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{#ctx.newAlerts}}x", "does not close {{#ctx.newAlerts}}"),
        ("{{#ctx.newAlerts}}x{{/ctx.alerts}}", "closes {{/ctx.alerts}}"),
        ("{{ctx.results.0.hits.total.value}}", "a message of a bucket-level monitor cannot reach its buckets"),
        ("{{}}", "has a tag without a name"),
        ("{{ctx.monitor.name}", "has a {{ that is not closed"),
    ],
)
def test_a_message_that_would_be_lost_is_found(tmp_path: Path, text: str, message: str) -> None:
    """An open section, an open tag, and a path to what a message cannot reach."""
    write(tmp_path)
    (tmp_path / "templates/messages/alert.txt.j2").write_text(f"{text}\n")

    lines = found(tmp_path)

    assert lines
    assert all(line.startswith("DAC030 ") and message in line for line in lines), lines


def test_the_shipped_detections_have_no_finding(root: Path) -> None:
    """In every environment of the project."""
    assert [] == shown(validate_repository(root).findings)
