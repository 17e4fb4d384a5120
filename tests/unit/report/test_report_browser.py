"""The report in headless Chromium: it opens, filters, complains of nothing, and can be read by everybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from deployer.cluster.health import Problem
from deployer.cluster.status import Health, MonitorState
from deployer.model.resource import Kind
from deployer.report.page import page_html
from tests import pages
from tests.browser import Browser, browser, find
from tests.states import NOW, status
from tests.unit import repo

AXE = """axe.run().then(found => JSON.stringify(found.violations.map(
  one => `${one.id} (${one.impact}): ${one.nodes.map(node => node.html).join(' ; ')}`)))"""
SHOWN = "[...document.querySelectorAll('article')].filter(a => a.checkVisibility()).map(a => a.id).join(' ')"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with one of everything: two analytics, and a cluster that told of drift."""
    root = repo.write(tmp_path_factory.mktemp("report") / "repository")
    second = root / "detections/DET9999/XX0002"
    second.mkdir()
    changed = {"id: XX0001": "id: XX0002", "title: Made up": "title: Another", "platform: other": "platform: linux", "severity: medium": "severity: low", "severity: high": "severity: low"}  # fmt: skip
    text = repo.ANALYTIC
    for old, new in changed.items():
        text = text.replace(old, new, 1)
    (second / "analytic.yml").write_text(text, "utf-8")
    (second / "samples.yml").write_text(repo.SAMPLES, "utf-8")
    monitors = (
        MonitorState("monitor/XX0001/discovery", Kind.MONITOR, "1", "n", Health.OK, NOW, None, {"ACTIVE": 1}),
        MonitorState("monitor/XX0001/correlated", Kind.MONITOR, "2", "n", Health.FAILING, NOW, Problem(NOW, "no", True), {}),
    )  # fmt: skip
    asked = pages.asked(root, pages.everything(), {"local": pages.looked(status(monitors=monitors))})
    path = root.parent / "page.html"
    path.write_text(page_html(asked), "utf-8")
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = find()
    if program is None:
        pytest.skip("no Chromium here: `make browser` installs Debian's, or CHROMIUM names one")
    with browser(program) as opened:
        yield opened


def choose(chromium: Browser, **values: str) -> str:
    """Fill the filter's fields as a person does; the ids that are shown then."""
    for name, value in values.items():
        chromium.js(f"""(() => {{ const field = document.getElementById('by-{name}'); field.value = {json.dumps(value)};
            field.dispatchEvent(new Event('input', {{bubbles: true}})); }})()""")
    return str(chromium.js(SHOWN))


def test_the_page_opens_without_a_complaint_and_asks_for_nothing(chromium: Browser, page: Path) -> None:
    """No error or warning in the console, the policy included, and no request but for the file itself."""
    chromium.open(page)

    assert "2 of 2 shown" == chromium.js("document.getElementById('count').textContent")
    assert [] == chromium.errors
    assert [page.resolve().as_uri()] == chromium.asked


def test_the_filter_takes_text_platform_and_severity(chromium: Browser, page: Path) -> None:
    """Each narrows what is shown, and the rows of what is deployed with it; `Show all` undoes them, and so does a link to what is hidden."""
    chromium.open(page)

    assert "XX0002" == choose(chromium, text="ANOTHER")
    assert "1 of 2 shown" == chromium.js("document.getElementById('count').textContent")
    assert "XX0002 XX0002" == chromium.js("[...document.querySelectorAll('tr[data-of]')].filter(r => r.checkVisibility()).map(r => r.dataset.of).join(' ')")  # fmt: skip
    assert "" == choose(chromium, platform="other")
    assert "XX0001" == choose(chromium, text="")
    assert "" == choose(chromium, severity="low")
    chromium.js("document.querySelector('button[type=reset]').click(); new Promise(done => setTimeout(done, 0))")
    assert "XX0001 XX0002" == chromium.js(SHOWN)
    assert "XX0001" == choose(chromium, severity="high")
    chromium.js("new Promise(done => { addEventListener('hashchange', done); location.hash = '#XX0002'; })")
    assert "XX0001 XX0002" == chromium.js(SHOWN)
    assert [] == chromium.errors


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (390, True)])
def test_axe_finds_nothing(chromium: Browser, page: Path, width: int, dark: bool) -> None:
    """With everything unfolded, on a desk in light and on a phone in dark; and nothing is wider than a phone."""
    chromium.open(page, width=width, dark=dark)
    chromium.js("document.querySelectorAll('details').forEach(item => { item.open = true; })")
    chromium.js((resources.files("axe_core_python") / "axe.min.js").read_text("utf-8") + ";0")

    assert [] == json.loads(chromium.js(AXE))
    assert width == chromium.js("document.documentElement.scrollWidth")


def test_the_page_can_be_read_without_scripts_and_in_print(chromium: Browser, page: Path) -> None:
    """Without JavaScript everything is shown but the filter; print shows folded values and samples, and leaves out queries."""
    chromium.open(page, scripts=False)
    seen = "[document.getElementById('filter').checkVisibility(), document.querySelectorAll('article').length]"
    assert [False, 2] == chromium.js(seen)
    assert "XX0001 XX0002" == chromium.js(SHOWN)

    chromium.media("print")
    shown = "[document.querySelector('details.printed pre'), document.querySelector('details.query')].map(e => e.checkVisibility())"
    assert [True, False] == chromium.js(shown)


def test_the_keyboard_reaches_everything(chromium: Browser, page: Path) -> None:
    """The first stop of the Tab key leads past the head; what scrolls sideways can be focused."""
    chromium.open(page)
    chromium.call("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)

    assert "#analytics" == chromium.js("document.activeElement.getAttribute('href')")
    assert 0 == chromium.js("[...document.querySelectorAll('.wide')].filter(e => e.tabIndex !== 0).length")
