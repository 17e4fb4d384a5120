"""A bounded run of what `make fuzz` does with 100,000 inputs each, and what it found so far (promise 28)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import targets
from tests.fuzz.__main__ import NAMES, table

FOUND = Path(__file__).parents[1] / "fuzz" / "found"


@pytest.fixture(scope="module", autouse=True)
def own_folder() -> Iterator[None]:
    """The targets write into a folder of this process's own, which is removed."""
    yield
    targets.forget()
    targets.folder.cache_clear()


@pytest.mark.parametrize("name", targets.TARGETS)
def test_promise_28_any_bytes_end_in_an_error_at_its_place(name: str) -> None:
    """Loader, schemas, templates and plan files take what machines make up."""
    inputs = st.binary(max_size=120) | st.sampled_from(targets.seeds(name))

    @settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
    @given(inputs)
    def run(data: bytes) -> None:
        targets.TARGETS[name](data)

    run()


@pytest.mark.parametrize("path", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_stays_mended(path: Path) -> None:
    """Each input that once ended otherwise."""
    targets.TARGETS[path.parent.name](path.read_bytes())


def test_a_target_tells_what_breaks_its_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The targets can fail: an exception in what they call is one in them."""

    def broken(*args: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("deployer.catalogue.yamlfile.parse", broken)

    with pytest.raises(KeyError):
        targets.yaml_loader(b"a: 1")


def test_the_table_tells_what_was_not_done() -> None:
    """A target that ended early, or found something, does not read as one that passed."""
    results = [{"target": "yaml", "engine": "atheris", "inputs": 7, "worst_seconds": 0.1, "peak_mb": 80, "problem": "a\nKeyError: 'x'", "passed": False, "exit_code": 77}]  # fmt: skip

    assert "| YAML loader | atheris | 7 | 0.10 s | 80 MB | KeyError: 'x' |" in table(results)
    assert set(NAMES) == set(targets.TARGETS)
    assert json.dumps(results)
