"""Reading a page of the documentation as steps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import walkthrough
from tests.walkthrough import Step

PAGE = """\
# A page

Write `a/b.txt`:

```yaml
x: 1
```

Then

```console
$ cat a/b.txt
x: ...
```

```console
$ cd a
$ echo hello; echo there
hello
...
```

Add to the end of `b.txt`:

```yaml
y: 2
```

Look:

```console
$ cat b.txt
x: 1
y: 2
```
"""


def test_a_page_is_its_steps_in_order() -> None:
    """Commands with what they print, files with what stands in them."""
    assert [
        Step(file="a/b.txt", text="x: 1\n"),
        Step("cat a/b.txt", "x: ...\n"),
        Step("cd a"),
        Step("echo hello; echo there", "hello\n...\n"),
        Step(file="b.txt", text="y: 2\n", add=True),
        Step("cat b.txt", "x: 1\ny: 2\n"),
    ] == list(walkthrough.steps(PAGE))


def test_a_page_is_followed(tmp_path: Path) -> None:
    """Three commands are run and compared; one is done otherwise."""
    seen: list[Path] = []

    assert 3 == walkthrough.follow(PAGE, tmp_path, os.environ, {})
    assert 2 == walkthrough.follow(PAGE, tmp_path, os.environ, {"cat a/b.txt": seen.append})
    assert [tmp_path] == seen


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("x: ...\n", "z: ...\n", "the page shows"), ("cat a/b.txt", "false", "false"), ("Write `a/b.txt`:", "Like this:", "what file")],
)  # fmt: skip
def test_a_page_that_is_not_true_fails(old: str, new: str, words: str, tmp_path: Path) -> None:
    """Another output, a command that fails, a text for no file."""
    with pytest.raises(AssertionError, match=words):
        walkthrough.follow(PAGE.replace(old, new, 1), tmp_path, os.environ, {})
