"""The report as one page: what it tells, what it does not know, and that nothing in it can act."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from deployer.cli import cli, common
from deployer.cluster.health import Problem
from deployer.cluster.status import Health, MonitorState
from deployer.model.errors import ClusterError, UsageError
from deployer.model.resource import Kind
from deployer.plan.outcome import Attempt
from deployer.report.page import Given, page_html, read_given
from deployer.report.page.inert import digest
from tests import kinds, pages
from tests.states import NOW, status
from tests.unit import repo

HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(2)>"\' \x1b[31m\u202e\n::error file=x::gone\n##[error]gone'


class Page(HTMLParser):
    """The elements of a page, and the text that is shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.append("" if tag in ("a", "code", "strong") else " ")
        if tag in ("script", "style"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """What a reader sees, blanks as one."""
        return re.sub(r"\s+", " ", "".join(self.texts))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The made-up repository, with a second environment that tunes."""
    root = repo.write(tmp_path / "repository")
    other = repo.ENVIRONMENT.replace("name: local", "name: prod\nproduction: true").replace("unit-local", "unit-prod")
    other = other.replace("http://127.0.0.1:9", "https://search.example:9200", 1)
    (root / "environments/prod.yml").write_text(f"{other}tunables:\n  XX0001:\n    Threshold: 7\n", "utf-8")
    return root


def test_the_page_tells_all_that_is_given(repository: Path) -> None:
    """Description, log source, tunable with default and the line that changes it, query, alert, tests and figures stand there."""
    text = Page(page_html(pages.asked(repository, pages.everything()))).text

    for told in (
        "XX0001 Made up",
        "A made-up analytic.",
        "x.plain Made up made up none DC0032",
        "Threshold integer, at least 1, at most 10 Events. 2 prod 7 environments/prod.yml:",
        "Query of discovery as local gets it",
        "logs-x.plain-",
        "MEDIUM: the newer one",
        "from alerts.json",
        "2 cases with 3 events: positives found 1 of 1, negatives silent 1 of 1; 4 variants; tunables proven 2 of 2. From results.json.",
        "discovery prod 2026-03-01T00:00:00Z to 2026-03-02T00:00:00Z 7 3",
        "correlated prod 2026-03-01T00:00:00Z to 2026-03-02T00:00:00Z not counted 0 no permission",
        "measure 1 3 of 4 2 90 real-logs.json",
        "defaults 1 unproven: no positive 0 10 real-logs.json",
        "Administrators",
        "Ask the user.",
    ):  # fmt: skip
        assert told in text, told
    assert "the older one" not in text


def test_what_nobody_told_is_said_and_not_made_up(repository: Path) -> None:
    """Without a cluster and without files the page says so of each, and no analytic counts as tested or deployed."""
    text = Page(page_html(pages.asked(repository))).text

    assert "local: what stands on its cluster, how it runs, drift and last deploys: no cluster was asked." in text
    assert "Not known: no results were given for it." in text
    assert "Figures are not known: none were given for it." in text
    assert "tests not known, deployment not known" in text
    assert "1 technique by 1 active analytic; not known which are tested; not known which are deployed." in text
    assert "not asked" in text
    assert "made from the case “twice”; names in ‹ › stand for values of its events" in text
    assert "MEDIUM: Connections listed (XX0001 / discovery): h1,alice" in text


def test_the_clusters_tell_what_stands_there(repository: Path) -> None:
    """State, drift, last deploys and silent sources of a cluster that was asked; a monitor that it has not is not deployed."""
    found = status(monitors=(
        MonitorState("monitor/XX0001/discovery", Kind.MONITOR, "id", "One", Health.FAILING, NOW, Problem(NOW, "no", True), {"ACTIVE": 2}),
    ))  # fmt: skip
    text = Page(page_html(pages.asked(repository, attempts={"local": pages.looked(found)}))).text

    assert "XX0001/discovery ! deployed, failing, 2 open alerts, copied ? not asked" in text
    assert "XX0001/correlated – not deployed ? not asked" in text
    assert "2 2026-03-02T08:00:00Z alice deploy 0123456789 complete applied 2" in text
    assert "tests not known, not deployed (1 of 2 monitors missing, discovery failing)" in text
    assert "x.mute logs-x.mute-* ! silent, never" in text
    assert "copied" in text


def test_monitors_that_stand_and_run_are_deployed(repository: Path) -> None:
    """With both monitors well and passed tests, the technique's score is 100."""
    keys = ("monitor/XX0001/discovery", "monitor/XX0001/correlated")
    well = tuple(MonitorState(key, Kind.MONITOR, "id", "n", Health.OK, NOW, None, {}) for key in keys)
    given = Given(results=(("results.json", pages.results()),))
    text = Page(page_html(pages.asked(repository, given, {"local": pages.looked(status(monitors=well))}))).text

    assert "discovery T1049 100 ✓ XX0001 tested, deployed" in text


def test_a_cluster_that_does_not_answer_leaves_the_rest(repository: Path) -> None:
    """Its error stands on the page, and nothing of it counts as known."""
    failed = (Attempt("", "http://127.0.0.1:9", error=ClusterError("no answer", why="refused")),)
    text = Page(page_html(pages.asked(repository, attempts={"local": failed}))).text

    assert "It did not answer as it should: no answer (refused)" in text
    assert "tests not known, deployment not known" in text


def test_a_draft_covers_nothing(repository: Path) -> None:
    """However well its results are, a draft has no score, no query, and no row among what is deployed."""
    text = Page(page_html(pages.asked(repository, pages.everything(), status="draft"))).text

    assert "A draft: it is never deployed, and covers nothing." in text
    assert "discovery T1049 drafts only – XX0001 draft" in text
    assert "0 techniques by 0 active analytics; not known which are tested; not known which are deployed; 1 draft, which covers nothing." in text  # fmt: skip
    assert "No analytic is active" in text
    assert "Query of" not in text


def test_every_kind_of_monitor_and_workflow_has_its_sample(tmp_path: Path) -> None:
    """Totals, single events and workflows too; a monitor that only a workflow runs is told so; what a case does not say stays open."""
    root = kinds.every_kind(tmp_path / "kinds")
    kinds.placed(root, "plain-events")
    text = Page(page_html(pages.asked(root))).text

    assert 5 == text.count("Sample alert of ")
    assert "How many: ‹number› events" in text
    assert "CRITICAL: Listed and listed often (XX0001 / both)" in text
    assert "local run by a workflow medium every 1m" in text


def test_equal_input_gives_equal_bytes(repository: Path) -> None:
    """Read and made twice, the page is the same."""
    first, second = (page_html(pages.asked(repository, pages.everything())) for _ in range(2))

    assert first == second


def test_promise_30_no_value_can_act(repository: Path) -> None:
    """Markup, control characters and commands to a CI service are inert wherever they come from: files, cluster or results."""
    given = Given(
        results=((HOSTILE, pages.results(failures=[{"case": HOSTILE, "monitor": HOSTILE}], passed=False)),),
        alerts=((HOSTILE, {"alerts": [{"analytic": "XX0001", "monitor": "discovery", "start": HOSTILE, "message": HOSTILE}]}),),
        counts=((HOSTILE, {**pages.COUNTS, "environment": HOSTILE}),),
    )  # fmt: skip
    failed = (Attempt(HOSTILE, HOSTILE, error=ClusterError(HOSTILE, why=HOSTILE)),)
    changes: dict[str, Any] = {
        "title": HOSTILE,
        "description": HOSTILE,
        "tags": (HOSTILE,),
        "attack": {"techniques": [HOSTILE], "tactics": [HOSTILE]},
        "false_positives": (HOSTILE,),
        "references": ({"title": HOSTILE, "url": "https://x.example/"},),
    }
    text = page_html(pages.asked(repository, given, {"local": failed}, **changes))
    plain = page_html(pages.asked(repository))
    page, without = Page(text), Page(plain)

    assert {tag for tag, _ in without.elements} | {"ol", "strong", "caption", "code"} >= {tag for tag, _ in page.elements}
    assert 1 == sum(tag == "script" for tag, _ in page.elements)
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on") or name == "style"]
    assert not re.findall("[\x00-\x08\x0b-\x1f\x7f\u202e]", text)
    assert not re.findall(r"^\s*(::|##\[)", text, re.MULTILINE)
    assert "<script>alert(1)</script>" in page.text
    assert "\\u001b[31m" in page.text


def test_nothing_is_loaded_from_anywhere(repository: Path) -> None:
    """Only links lead out; the policy allows the page's own style and script by their digests, and nothing else."""
    text = page_html(pages.asked(repository, pages.everything()))
    elements = Page(text).elements
    policy = next(a["content"] for t, a in elements if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    style, script = (re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL) for tag in ("style", "script"))

    assert f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src {digest(style[0])}; script-src {digest(script[0])}" == policy  # fmt: skip
    assert not {"link", "img", "iframe", "object", "embed", "base"} & {tag for tag, _ in elements}
    assert {"a"} == {tag for tag, attributes in elements if {"href", "src", "action"} & set(attributes)}
    assert all(re.match("#|https?://", a["href"] or "") for tag, a in elements if tag == "a")
    assert len({a["id"] for _, a in elements if "id" in a}) == sum("id" in a for _, a in elements)


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("results", {"monitors": []}, "'analytics' is a required property"),
        ("results", {"analytics": [{"analytic": "XX0001"}]}, "analytics[0]"),
        ("counts", pages.results(), "is a required property"),
        ("real_logs", {"files": [{"file": 1}]}, "files[0]"),
        ("alerts", [], "is not of type 'object'"),
    ],
)
def test_a_file_of_another_kind_is_refused(kind: str, value: Any, why: str) -> None:
    """The error names the file, what is wrong in it, and the command that writes such a file."""
    with pytest.raises(UsageError) as caught:
        read_given(kind, [("some.json", value)])

    assert caught.value.what.startswith("some.json holds something else than ")
    assert why in caught.value.why


def run(root: Path, *arguments: str) -> int:
    return common.run(cli, ["report", "--root", str(root), *arguments], "deployer")


def test_the_command_writes_the_page(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Offline, twice: the same bytes, nothing on stdout, exit code 0; the time is the one given, in UTC."""
    monkeypatch.delenv("DEPLOYER_ENV", raising=False)
    pair = [tmp_path / "one.html", tmp_path / "two.html"]
    for path in pair:
        assert 0 == run(repository, "--html", str(path), "--at", "2026-03-02T11:05:00+01:00"), capsys.readouterr()

    assert pair[0].read_bytes() == pair[1].read_bytes()
    assert '<time datetime="2026-03-02T10:05:00Z">' in pair[0].read_text("utf-8")
    assert "" == capsys.readouterr().out


def test_a_cluster_that_is_down_is_told_and_the_page_is_written(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, the error on stderr, and the page has what the files tell. With --offline nothing is asked: exit code 0."""
    page = tmp_path / "page.html"

    assert 1 == run(repository, "--env", "local", "--html", str(page))
    assert "127.0.0.1:9" in capsys.readouterr().err
    assert "It did not answer as it should" in page.read_text("utf-8")
    assert 0 == run(repository, "--env", "local", "--offline", "--html", str(page))
    assert "It did not answer as it should" not in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--html", "nowhere/page.html"], "there is no folder nowhere"),
        (["--html", "page.html", "--at", "noon"], "--at noon is no time"),
        (["--html", "page.html", "--env", "prdo"], "did you mean 'prod'?"),
        (["--html", "page.html", "--test"], "--test wants one environment"),
        (["--html", "page.html", "--test", "--offline", "--env", "local"], "--test wants one environment"),
        (["--html", "page.html", "--results", "absent.json"], "absent.json cannot be read"),
        (["--html", "page.html", "--results", "broken.json"], "broken.json is no JSON"),
        (["--html", "page.html", "--results", "other.json"], "other.json holds something else than the results"),
        ([], "Missing option '--html'"),
    ],
)
def test_a_slip_in_the_options_is_told(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: list[str], said: str,
) -> None:  # fmt: skip
    """Exit code 64 with what is wrong, and no page."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DEPLOYER_ENV", raising=False)
    Path("broken.json").write_text("{", "utf-8")
    Path("other.json").write_text("{}", "utf-8")

    assert 64 == run(repository, *arguments)
    assert said in capsys.readouterr().err
    assert not Path("page.html").exists()


def test_an_environment_that_cannot_be_read_is_told_unless_it_is_named(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its place says what is wrong; asked for by name it is an error, and no page is written."""
    path = repository / "environments/prod.yml"
    path.write_text(path.read_text("utf-8").replace("Threshold: 7", "Threshold: 70"), "utf-8")
    page = tmp_path / "page.html"

    assert 0 == run(repository, "--offline", "--html", str(page)), capsys.readouterr()
    assert "its file is not valid: environments/prod.yml:" in page.read_text("utf-8")
    page.unlink()
    assert 1 == run(repository, "--offline", "--env", "prod", "--html", str(page))
    assert not page.exists()
