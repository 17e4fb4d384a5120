"""`deployer dashboards` against a fake of OpenSearch Dashboards: no real one runs here."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployer.catalogue import load_environment, load_repository
from deployer.check.saved_objects import problems
from deployer.cli import cli, common
from deployer.model.finding import Findings
from tests.clones import committed
from tests.fake_dashboards import FakeDashboards, fake_dashboards
from tests.faults import Reply, Request
from tests.unit import repo

PASSWORD = "canary-of-Dashboards-7"
DASHBOARD = ("dashboard", "unit-local-DET9999-dashboard")
TABLE = ("visualization", "unit-local-DET9999-top-host")


@pytest.fixture
def fake() -> Iterator[FakeDashboards]:
    with fake_dashboards(base="/osd", user=("ci", PASSWORD)) as running:
        yield running


@pytest.fixture
def root(tmp_path: Path, fake: FakeDashboards, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The made-up repository, whose environment names the fake."""
    monkeypatch.setenv("DASHBOARDS_PASSWORD", PASSWORD)
    monkeypatch.setenv("DASHBOARDS_USER", "ci")
    folder = repo.write(tmp_path / "repository")
    text = (
        f"dashboards:\n  url: {fake.url}\n  tenant: global\n  timeout: 10s\n"
        "  auth: {type: basic, username: env:DASHBOARDS_USER, password: env:DASHBOARDS_PASSWORD}\n"
    )
    path = folder / "environments/local.yml"
    path.write_text(path.read_text("utf-8") + text, "utf-8")
    return folder


def run(root: Path, *arguments: str) -> int:
    return common.run(cli, ["dashboards", "--root", str(root), "--env", "local", *arguments], "deployer")


def by_hand(fake: FakeDashboards, place: tuple[str, str], **changes: Any) -> None:
    """Somebody saves an object in Dashboards."""
    fake.stored[place]["attributes"] = {**fake.stored[place]["attributes"], **changes}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_a_deploy_imports_what_differs_and_a_second_one_nothing(
    root: Path, fake: FakeDashboards, capsys: pytest.CaptureFixture[str]
) -> None:
    """A look writes nothing; the first deploy imports all, the next sends no write; a change in the repository is that change alone."""
    assert 2 == run(root, "--detailed-exitcode")
    assert 0 == fake.imports
    assert "Dashboards: 10 to add, 0 to change, 0 unchanged." in capsys.readouterr().out

    assert 0 == run(root, "--deploy"), capsys.readouterr()
    assert 1 == fake.imports
    assert [] == problems([{key: value for key, value in item.items() if key != "version"} for item in fake.stored.values()])
    assert {("true", "global")} == {(r.headers["osd-xsrf"], r.headers["securitytenant"]) for r in fake.seen}

    # Dashboards keeps the fields of an index pattern in it, once somebody has looked at it.
    by_hand(fake, ("index-pattern", "unit-local-alerts"), fields="[]")
    capsys.readouterr()
    assert 0 == run(root, "--deploy")
    assert "No changes.\n" == capsys.readouterr().out
    assert 1 == fake.imports

    edit(root / "detections/DET9999/XX0001/analytic.yml", "title: Made up", "title: Another title")
    assert 0 == run(root, "--deploy")
    assert "~ visualization unit-local-DET9999-about (DET9999: about): visState\nDashboards: 0 to add, 1 to change, 9 unchanged.\n" == capsys.readouterr().out  # fmt: skip
    assert 2 == fake.imports


def test_what_was_changed_by_hand_is_not_silently_undone(
    root: Path, fake: FakeDashboards, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown, and a deploy refuses (exit code 3) until it is told: keep leaves it, revert writes over it. Nothing else waits for it after that."""
    assert 0 == run(root, "--deploy")
    by_hand(fake, DASHBOARD, title="Ours, but better")
    by_hand(fake, TABLE, description="without a mark")
    capsys.readouterr()

    assert 0 == run(root, "--output", "json")
    found = {item["id"]: item for item in json.loads(capsys.readouterr().out)["objects"]}
    assert (True, ["title"]) == (found[DASHBOARD[1]]["changed_by_hand"], found[DASHBOARD[1]]["fields"])
    assert (True, ["description"]) == (found[TABLE[1]]["changed_by_hand"], found[TABLE[1]]["fields"])

    assert 3 == run(root, "--deploy")
    assert "2 of the saved objects are not as deployed" in capsys.readouterr().err
    assert 0 == run(root, "--deploy", "--on-drift", "keep")
    assert 1 == fake.imports
    assert "Ours, but better" == fake.stored[DASHBOARD]["attributes"]["title"]
    assert 0 == run(root, "--deploy", "--on-drift", "revert")
    assert "Ours, but better" != fake.stored[DASHBOARD]["attributes"]["title"]
    capsys.readouterr()
    assert 0 == run(root)
    assert "No changes.\n" == capsys.readouterr().out


def test_what_is_no_longer_in_the_repository_is_told_and_left(
    root: Path, fake: FakeDashboards, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dashboard of the deployment's whose strategy is gone; that of another deployment is nobody's business."""
    for identity in ("unit-local-DET0001-dashboard", "unit-local-two-DET0001-dashboard", "somebody"):
        fake.stored["dashboard", identity] = {"type": "dashboard", "id": identity, "attributes": {"title": "t\x1b[31m"}, "references": []}  # fmt: skip
    assert 0 == run(root)
    output = capsys.readouterr().out

    assert "no longer in the repository, and left alone: dashboard unit-local-DET0001-dashboard (t\\u001b[31m)" in output
    assert 1 == output.count("left alone")


def test_credentials_are_told_and_never_shown(
    root: Path, fake: FakeDashboards, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong password and a lacking permission exit with 4 and say where to look; the password stands nowhere."""
    monkeypatch.setenv("DASHBOARDS_PASSWORD", f"{PASSWORD}-wrong")
    assert 4 == run(root)
    told = capsys.readouterr()
    assert "Dashboards does not accept the credentials" in told.err
    assert "Check dashboards.auth" in told.err
    assert PASSWORD not in told.out + told.err

    fake.instead = lambda request: Reply(403, {"statusCode": 403, "error": "Forbidden", "message": "no write"})
    assert 4 == run(root)
    told = capsys.readouterr()
    assert "the user may not read or write saved objects" in told.err
    assert "Forbidden: no write" in told.err
    monkeypatch.delenv("DASHBOARDS_PASSWORD")
    assert 1 == run(root)
    assert "environments/local.yml" in capsys.readouterr().err


def refusing(request: Request) -> Reply | None:
    """Of an import two objects are not taken."""
    if "_import" not in request.path:
        return None
    errors = [{"type": "dashboard", "id": "x\x1b[31m", "error": {"type": "missing_references"}}]
    return Reply(body={"success": False, "successCount": 9, "errors": errors})


@pytest.mark.parametrize(
    ("instead", "code", "said"),
    [
        (refusing, 1, "dashboard/x\\u001b[31m"),
        (lambda request: Reply(drop=True) if "_import" in request.path else None, 1, "no answer from"),
        (lambda request: Reply(413, {"statusCode": 413, "error": "Request Entity Too Large", "message": "too large"}) if "_import" in request.path else None, 1, "Request Entity Too Large: too large"),
        (lambda request: Reply(body={"success": True, "successCount": 10}) if "_import" in request.path else None, 1, "do not read as they were imported"),
        (lambda request: Reply(404, {"statusCode": 404, "error": "Not Found"}), 1, "Check dashboards.url"),
        (lambda request: Reply(body={"saved_objects": []}) if "_bulk_get" in request.path else None, 1, "did not answer for all saved objects"),
        (lambda request: Reply(raw=b"<html>login</html>"), 1, "is no JSON"),
    ],
)  # fmt: skip
def test_a_dashboards_that_fails_is_told_of_and_asked_to_import_once(
    root: Path, fake: FakeDashboards, capsys: pytest.CaptureFixture[str], instead: Any, code: int, said: str
) -> None:
    """One screen that says what happened; an import is never sent twice by itself."""
    fake.instead = instead

    assert code == run(root, "--deploy")
    told = capsys.readouterr().err
    assert said in told
    assert 1 >= fake.imports


def test_a_file_to_import_by_hand_needs_no_dashboards(
    root: Path, fake: FakeDashboards, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same bytes each time, nothing asked; what is deployed by it is what a deploy would make."""
    files = [tmp_path / "one.ndjson", tmp_path / "two.ndjson"]
    for path in files:
        assert 0 == run(root, "--output-file", str(path))

    assert [] == fake.seen
    assert files[0].read_bytes() == files[1].read_bytes()
    objects = [json.loads(line) for line in files[0].read_text("ascii").splitlines()]
    assert [] == problems(objects)
    fake.stored |= {(item["type"], item["id"]): item for item in objects}
    capsys.readouterr()
    assert 0 == run(root)
    assert "No changes.\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "production", "named", "code", "said"),
    [
        (["--deploy"], True, True, 3, "local is a production environment, and nobody consented"),
        (["--deploy", "--yes"], True, True, 3, "nobody consented"),
        (["--deploy", "--confirm", "prod"], False, True, 3, "--confirm prod is not the environment"),
        (["--deploy"], False, False, 64, "local names no Dashboards"),
        (["--deploy", "--output-file", "x.ndjson"], False, True, 64, "two ways"),
        (["--output-file", "nowhere/x.ndjson"], False, True, 64, "there is no folder nowhere"),
    ],
)
def test_what_is_not_consented_to_or_not_meant_is_refused(
    root: Path, fake: FakeDashboards, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    arguments: list[str], production: bool, named: bool, code: int, said: str,
) -> None:  # fmt: skip
    """Before anything is asked."""
    monkeypatch.chdir(tmp_path)
    path = root / "environments/local.yml"
    if not named:
        path.write_text(repo.ENVIRONMENT, "utf-8")
    if production:
        # A production environment sends no credentials over plain http.
        edit(path, "name: local", "name: local\nproduction: true")
        edit(path, "  auth: {type: basic, username: env:DASHBOARDS_USER, password: env:DASHBOARDS_PASSWORD}\n", "")

    assert code == run(root, *arguments)
    assert said in capsys.readouterr().err
    assert [] == fake.seen


def test_production_is_deployed_with_its_name(root: Path, fake: FakeDashboards) -> None:
    """As a deploy is: from what was committed, on a branch that is named."""
    path = root / "environments/local.yml"
    edit(path, "name: local", "name: local\nproduction: true")
    edit(path, "  auth: {type: basic, username: env:DASHBOARDS_USER, password: env:DASHBOARDS_PASSWORD}\n", "")
    fake.user = None

    assert 3 == run(root, "--deploy", "--confirm", "local")
    assert [] == fake.seen
    committed(root)
    assert 0 == run(root, "--deploy", "--confirm", "local")
    assert 1 == fake.imports


def test_the_file_of_an_environment_is_checked(root: Path) -> None:
    """Credentials over plain http and unverified certificates are refused in production, at the line that says so."""
    path = root / "environments/local.yml"
    edit(path, "name: local", "name: local\nproduction: true")
    edit(path, "  tenant: global\n", "  tenant: global\n  tls: {verify: false}\n")
    findings = Findings()
    repository = load_repository(root, findings)
    load_environment(root, "local", repository.analytics, repository.sources, findings)
    lines = path.read_text("utf-8").splitlines()

    assert [("DAC013", "  url:"), ("DAC013", "  tls:")] == [
        (item.code, lines[item.where.line - 1][:6]) for item in findings.sorted()
    ]


def test_a_dashboards_that_never_answers_ends_in_time(
    root: Path, fake: FakeDashboards, capsys: pytest.CaptureFixture[str]
) -> None:
    """The environment's timeout bounds an import too; nothing is sent again."""
    edit(root / "environments/local.yml", "timeout: 10s", "timeout: 1s")
    over = threading.Event()

    def stuck(request: Request) -> Reply | None:
        if "_import" in request.path:
            over.wait(60)
        return None

    fake.instead = stuck
    try:
        assert 1 == run(root, "--deploy")
    finally:
        over.set()
    assert "no answer within 1 s" in capsys.readouterr().err
    assert 1 == fake.imports
