"""What a repository of one's own begins with: the files that `deployer init` writes."""

from __future__ import annotations

import re
from pathlib import Path

from deployer import schemas

HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent
SHARED = ("templates", "mappings")
"""What every repository needs and this project has itself: a wheel carries a copy beside this module (hatch_build.py)."""

HIDDEN = {"gitignore": ".gitignore", "pre-commit-config.yaml": ".pre-commit-config.yaml"}
"""Files whose names begin with a dot in a repository, and would mean something to this one if they did here."""

SCHEMAS = "schemas"
"""The folder of a repository for the JSON Schemas, which editors read."""

_SCHEMA_LINE = re.compile(rb"\A(# yaml-language-server: \$schema=(?:\.\./)+)deployer/schemas/")
_NO_NAME = re.compile(r"[^a-z0-9]+")


def contents(name: str) -> dict[str, bytes]:
    """Every file of a new repository by its path in it, with `/`. `name` is what its deployments are called after.

    What a person would do last stands last: without detections the folder is no repository yet.
    """
    found = {f"{part}/{path}": text for part in SHARED for path, text in _below(_folder(part)).items()}
    found |= {f"{SCHEMAS}/{path}": text for path, text in schemas.files().items()}
    own = {HIDDEN.get(path, path): text for path, text in _below(HERE / "files").items()}
    found |= {path: text.replace(b"@DEPLOYMENT@", deployment(name).encode()) for path, text in own.items()}
    return {path: _own_schemas(found[path]) for path in sorted(found, key=lambda path: path.startswith("detections/"))}


def deployment(name: str) -> str:
    """What the local deployment of a repository of this name is called: 2 to 40 of a-z, 0-9 and `-`."""
    words = _NO_NAME.sub("-", name.lower()).strip("-")
    return f"{words[:34].rstrip('-')}-local" if words[:1].isalpha() else "detections-local"


def _folder(part: str) -> Path:
    """Where a shared folder lies: in the installed package, or in the checkout that the package is used from."""
    installed = HERE / part
    return installed if installed.is_dir() else CHECKOUT / part


def _below(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _own_schemas(text: bytes) -> bytes:
    """The same file with its schema line naming the repository's own folder of schemas instead of this project's."""
    return _SCHEMA_LINE.sub(rb"\g<1>schemas/", text)
