"""The complete example of docs/write-an-analytic.md, as a repository."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

_BLOCK = re.compile(r"`(detections/[^`]+[.]yml)`.*?```yaml\n(.*?)```", re.DOTALL)


def example(root: Path, folder: Path) -> Path:
    """Gives a repository whose only detection is the complete example of the documentation, written as it stands there."""
    repository = folder / "repository"
    for name in ("templates", "mappings", "environments"):
        shutil.copytree(root / name, repository / name)
    # The shipped environments tune analytics that are not there.
    for file in (repository / "environments").iterdir():
        if file.name != "local.yml":
            file.unlink()
    blocks = _BLOCK.findall((root / "docs" / "write-an-analytic.md").read_text(encoding="utf-8"))
    assert [Path(name).name for name, _ in blocks] == ["analytic.yml", "samples.yml"]
    for name, text in blocks:
        file = repository / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return repository
