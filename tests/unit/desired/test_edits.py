"""Values set in files that people wrote."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from deployer.desired.edits import Edit, edited, unified


def value(text: str) -> Any:
    """What a text says."""
    return YAML(typ="safe", pure=True).load(text)


ODD = """\
# The head.
name:   x        # two blanks too many
deployment: "unit-x"
hosts: ['http://one', "http://two"]   # quotes of both kinds
tunables:
    AN0001: {Threshold: 2,  Window: 30m}   # tight
    AN0002:
        Users:
        - alice   # a dash at the left
        - bob

# Between.
monitors:
    AN0001/one: {enabled: true}
limits: {max_changed_percent: 20}
# The end.
"""


def test_only_what_is_set_changes() -> None:
    """Comments, quotes, odd blanks and order stay; the diff is the lines that hold the values."""
    new = edited(ODD, [Edit(("tunables", "AN0001", "Threshold"), 5), Edit(("monitors", "AN0002", "schedule"), {"interval": "7m"})])  # fmt: skip

    patch = unified(ODD, new, "environments/x.yml")
    changed = [line for line in patch.splitlines() if line[0] in "+-" and not line.startswith(("+++", "---"))]
    assert ["-    AN0001: {Threshold: 2,  Window: 30m}   # tight", "+    AN0001: {Threshold: 5, Window: 30m}    # tight", "+    AN0002: {schedule: {interval: 7m}}"] == changed  # fmt: skip


def test_the_patch_applies(tmp_path: Path) -> None:
    """`git apply` takes the patch from the root of the repository, also where the last line has no end."""
    for number, text in enumerate((ODD, ODD.rstrip("\n"), "name: x\n")):
        root = tmp_path / str(number)
        (root / "environments").mkdir(parents=True)
        file = root / "environments/x.yml"
        file.write_text(text)
        new = edited(text, [Edit(("monitors", "AN0002", "enabled"), False)])

        subprocess.run(["git", "apply", "-"], cwd=root, input=unified(text, new, "environments/x.yml"), text=True, check=True)  # fmt: skip

        assert new == file.read_text()
        assert value(new) == {**value(text), "monitors": {**value(text).get("monitors", {}), "AN0002": {"enabled": False}}}  # fmt: skip


@pytest.mark.parametrize("text", ["- a\n- b\n", "monitors: [a]\n", "monitors: {AN0001: 3}\n"])
def test_a_file_of_another_form_is_refused(text: str) -> None:
    """Nothing is written over that is no mapping."""
    with pytest.raises(ValueError, match="no mapping"):
        edited(text, [Edit(("monitors", "AN0001", "enabled"), False)])


_names = st.sampled_from(["AN0001", "AN0002", "AN0003/two", "x"])
_leaves = st.one_of(st.integers(0, 9), st.booleans(), st.sampled_from(["5m", "22:00", "no", "a b", "#x", "k: v", ""]))
_trees = st.recursive(
    _leaves, lambda inner: st.dictionaries(_names, inner, max_size=3) | st.lists(inner, max_size=3), max_leaves=8
)


@given(st.dictionaries(_names, _trees, min_size=1, max_size=4), st.integers(2, 6), st.booleans(), _leaves)
def test_an_edit_sets_its_value_and_no_other_whatever_the_layout(
    tree: dict[str, Any], indent: int, flow: bool, leaf: Any
) -> None:
    """For any tree, written in any layout, the new text says the same but for the value that was set."""
    yaml = YAML()
    yaml.indent(mapping=indent, sequence=indent, offset=indent - 2)
    yaml.default_flow_style = None if flow else False
    stream = io.StringIO()
    yaml.dump(tree, stream)
    assume(
        not stream.getvalue().startswith("{")
    )  # a file that is one line in braces keeps its values, not its comments
    text = f"# first\n{stream.getvalue()}# last\n"

    new = edited(text, [Edit(("monitors", "AN0009", "enabled"), leaf)])

    assert value(new) == {**tree, "monitors": {"AN0009": {"enabled": leaf}}}
    assert new.startswith("# first\n")
    assert "# last" in new
