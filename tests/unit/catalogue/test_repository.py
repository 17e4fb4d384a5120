"""A whole repository: every error of every file in one run, each with its place and a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.catalogue import load_environment, load_repository
from deployer.check import validate_repository
from deployer.model.errors import UsageError
from deployer.model.finding import Findings
from tests.unit.repo import shown, write


def problems(root: Path) -> list[str]:
    return list(shown(validate_repository(root).findings))


def test_a_good_repository_has_no_findings(tmp_path: Path) -> None:
    """The repository that these tests start from is valid, so each finding below comes from its one change."""
    report = validate_repository(write(tmp_path))

    assert [] == shown(report.findings)
    assert (1, 2, ("local",)) == (report.analytics, report.monitors, report.environments)


@pytest.mark.parametrize(
    ("file", "old", "new", "expected", "hint"),
    [
        (
            "analytic",
            "title: Made up\n",
            "titel: Made up\n",
            "DAC003 detections/DET9999/XX0001/analytic.yml:2:1 unknown key 'titel' in the file",
            "title",
        ),
        ("analytic", "response: [Ask the user.]", "response: []", "DAC003 detections/DET9999/XX0001/analytic.yml:43:11 response is empty", "write at least 1: "),
        ("samples", "discovery: [{host: h1, user: alice}]", "discovery: [{host: 0, user: alice}]", "DAC003 detections/DET9999/XX0001/samples.yml:6:", 'write it in quotes: "0"'),
        (
            "analytic",
            "severity: medium\n",
            "severity: mediun\n",
            "DAC003 detections/DET9999/XX0001/analytic.yml:7:11 severity is 'mediun'",
            "medium",
        ),
        (
            "analytic",
            "events: discovery\n",
            "events: discovry\n",
            "DAC004 detections/DET9999/XX0001/analytic.yml:30:13 XX0001 has no events 'discovry'",
            "discovery",
        ),
        (
            "analytic",
            "{tunable: Threshold}",
            "{tunable: Treshold}",
            "DAC004 detections/DET9999/XX0001/analytic.yml:33:26 XX0001 has no tunable 'Treshold'",
            "Threshold",
        ),
        (
            "analytic",
            "template: entity",
            "template: entitty",
            "DAC004 detections/DET9999/XX0001/analytic.yml:29:15 no template 'entitty' for the monitor discovery",
            "entity",
        ),
        (
            "analytic",
            "entity: [host, user]",
            "entity: [host, usr]",
            "DAC004 detections/DET9999/XX0001/analytic.yml:31:13 no entity 'usr'",
            "user",
        ),
        ("analytic", "field: user.name, in", "field: user.nam, in", "DAC007", ""),
        (
            "analytic",
            "default: 2,",
            'default: "2",',
            "DAC005 detections/DET9999/XX0001/analytic.yml:13:61 Threshold must be a whole number",
            "",
        ),
        (
            "analytic",
            "default: 2,",
            "default: 11,",
            "DAC005 detections/DET9999/XX0001/analytic.yml:13:61 Threshold is 11, and must be at most 10",
            "",
        ),
        (
            "analytic",
            "default: [netstat,",
            'default: ["net{{x}}stat",',
            "DAC006 detections/DET9999/XX0001/analytic.yml:12:64 Patterns has double braces",
            "template of its own",
        ),
        (
            "analytic",
            "default: 30m",
            "default: 30 minutes",
            "DAC005 detections/DET9999/XX0001/analytic.yml:14:57 Window cannot be read",
            "",
        ),
        (
            "samples",
            "discovery: [{host: h1, user: alice}]",
            "discovry: [{host: h1, user: alice}]",
            "DAC004",
            "discovery",
        ),
        (
            "samples",
            "source: x.plain, raw",
            "source: x.plan, raw",
            "DAC004 detections/DET9999/XX0001/samples.yml:5:18 no log source 'x.plan'",
            "x.plain",
        ),
        ("samples", "2026-03-03T10:05:00Z", "2026-03-02T10:05:00Z", "DAC010", "a day of its own"),
        ("local", "deployment: unit-local", "deployment: Unit Local", "DAC003 environments/local.yml:2:13", ""),
        (
            "local",
            "notify: {default: [demo]}",
            "notify: {default: [dmeo]}",
            "DAC004 environments/local.yml:6:20 no channel 'dmeo'",
            "demo",
        ),
        (
            "local",
            "channels:",
            "tunables: {XX0001: {Windo: 5m}}\nchannels:",
            "DAC004 environments/local.yml:4:21 XX0001 has no tunable 'Windo'",
            "Window",
        ),
        (
            "local",
            "channels:",
            "tunables: {XX0001: {Window: 99h}}\nchannels:",
            "DAC005 environments/local.yml:4:29 Window is 99h, and must be at most 24h",
            "",
        ),
        (
            "local",
            "channels:",
            "tunables: {XX001: {Window: 5m}}\nchannels:",
            "DAC004 environments/local.yml:4:12 no analytic 'XX001'",
            "XX0001",
        ),
        ("x", "pipeline: plain", "pipeline: plane", "DAC004 mappings/sources/x.yml:2:3 no pipeline 'plane'", "plain"),
        ("plain", "processors:", "processor:", "DAC003 mappings/pipelines/plain.yml", "processors"),
    ],
)
def test_each_mistake_is_named_with_its_place_and_a_way_out(
    tmp_path: Path, file: str, old: str, new: str, expected: str, hint: str
) -> None:
    """A misspelt key, name or value is found where it stands, and the nearest known name is given."""
    write(tmp_path, **{file: (old, new)})

    findings = validate_repository(tmp_path).findings

    found = [item for item, line in zip(findings.sorted(), shown(findings), strict=True) if line.startswith(expected)]
    assert found, shown(findings)
    assert any(hint in item.hint for item in found), [item.hint for item in found]


def test_all_errors_of_all_files_come_in_one_run(tmp_path: Path) -> None:
    """Mistakes in three files are three findings of one run."""
    write(
        tmp_path,
        analytic=("severity: medium\n", "severity: mediun\n"),
        entities=("placeholder: unknown-host", "placeholdr: x"),
        local=("name: local", "nam: local"),
    )

    files = {line.split()[1].split(":")[0] for line in problems(tmp_path)}

    assert {"detections/DET9999/XX0001/analytic.yml", "mappings/entities.yml", "environments/local.yml"} <= files


@pytest.mark.parametrize(
    ("file", "old", "new", "only"),
    [
        (
            "base",
            "type: long",
            "type: lnog",
            "mappings/components/base.yml:13:23 template.mappings.properties.process.properties.pid.type is 'lnog'",
        ),
        (
            "base",
            "pid: {type:",
            "pid: {tpye:",
            "mappings/components/base.yml:13:16 'type' or 'properties' is missing in template.mappings.properties.process.properties.pid",
        ),
        ("plain", "set:", "sett:", "mappings/pipelines/plain.yml:2:15 'sett' in processors.0 is unknown"),
    ],
)
def test_a_slip_in_a_mapping_or_pipeline_is_told_alone(
    tmp_path: Path, file: str, old: str, new: str, only: str
) -> None:
    """A type or a processor that OpenSearch does not have is found offline, and nothing that only follows from it is said."""
    write(tmp_path, **{file: (old, new)})

    assert [f"DAC003 {only}"] == problems(tmp_path)


def test_samples_are_read_although_the_analytic_is_wrong(tmp_path: Path) -> None:
    """Both files' slips come in one run."""
    write(tmp_path, analytic=("severity: medium", "severity: medum"), samples=("    clock:", "    clcok:"))

    assert {"analytic.yml:7:11", "samples.yml:2:5", "samples.yml:3:5"} == {
        line.split()[1].rpartition("/")[2] for line in problems(tmp_path)
    }


def test_a_tunable_that_no_monitor_uses_is_found(tmp_path: Path) -> None:
    """A tunable that changes nothing is an error: none may be decoration."""
    write(
        tmp_path,
        analytic=("  Threshold: {", "  Unused: {type: boolean, description: d, default: true}\n  Threshold: {"),
    )

    assert [
        "DAC011 detections/DET9999/XX0001/analytic.yml:13:3 the tunable Unused changes nothing: no monitor uses it"
    ] == [line for line in problems(tmp_path) if "DAC011" in line]


def test_a_folder_without_detections_is_no_repository(tmp_path: Path) -> None:
    """An empty folder or a wrong path is a usage error, and never "no detections wanted"."""
    with pytest.raises(UsageError) as caught:
        load_repository(tmp_path, Findings())

    assert "no folder detections" in caught.value.why


def test_an_unknown_environment_names_the_known_ones(tmp_path: Path) -> None:
    """Asking for an environment that has no file says which have one."""
    write(tmp_path)

    with pytest.raises(UsageError) as caught:
        load_environment(tmp_path, "lcal", {}, {}, Findings())

    assert "did you mean 'local'?" == caught.value.todo


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ("{type: bearer, password: env:X, token: env:T}", "'password' does nothing with the type bearer"),
        ("{type: bearer, token: abc.def}", "env:NAME or file:PATH"),
        ("{type: certificate, certificate: file:c.pem}", "'key' is missing"),
        ("{type: certificate, certificate: file:c.pem, key: file:c.key}", "a host is plain http"),
        ("{type: sigv4, access_key_id: env:A, secret_access_key: env:S}", "'region' is missing"),
    ],
)
def test_ways_to_authenticate_are_checked(tmp_path: Path, auth: str, words: str) -> None:
    """A key that another type reads, a secret in place, a missing one, and a certificate without TLS are findings."""
    write(tmp_path)
    path = tmp_path / "environments/local.yml"
    path.write_text(path.read_text().replace('"]}', f'"], auth: {auth}}}'))

    found = [f"{problem.message} {problem.hint}" for problem in validate_repository(tmp_path).findings.items]
    assert any(words in text for text in found), found


def test_a_document_level_template_of_ones_own_may_say_whom_its_alerts_are_about(tmp_path: Path) -> None:
    """It has an entity and no window, as our own template of that level may."""
    old = "    template: entity\n    events: discovery\n    entity: [host, user]\n    window: 5m\n    threshold: {tunable: Threshold}\n"
    write(tmp_path, analytic=(old, "    template: own\n    events: discovery\n    entity: [host, user]\n"))
    (tmp_path / "templates/monitors/own.json.j2").write_text('[% extends "monitors/document.json.j2" %]\n')
    findings = Findings()

    repository = load_repository(tmp_path, findings)

    assert [] == findings.errors
    assert ("host", "user") == repository.analytics["XX0001"].monitors["discovery"].entity
