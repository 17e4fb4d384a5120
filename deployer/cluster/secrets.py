"""Secrets, read from where a reference says and only when they are needed; never shown."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

from deployer.model.environment import SecretRef
from deployer.model.errors import DeployerError


class SecretError(DeployerError):
    """A reference leads to no secret."""

    code = "secret"


_ALL: set[str] = set()
"""What any vault of this process remembers, in every form in which it may be met; for what is printed of a bug."""

_LOCK = threading.Lock()

LONG = 24
"""Characters from which a line of a secret of several lines, such as a key, is taken out by itself."""


def scrub_all(text: str) -> str:
    """A text without any secret that this process has read, whoever read it."""
    return _without(text, _ALL)


def forget_all() -> None:
    """Begin anew: for the next run in the same process."""
    with _LOCK:
        _ALL.clear()


def _without(text: str, values: set[str]) -> str:
    with _LOCK:
        known = sorted(values, key=len, reverse=True)
    for value in known:
        text = text.replace(value, "(secret)")
    return text


def _forms(value: str) -> Iterator[str]:
    """The forms in which a value may stand in a message: as it is, quoted as in JSON, Python or an address, line by line."""
    for part in {value, value.strip(), *(line.strip() for line in value.splitlines() if len(line.strip()) >= LONG)}:
        yield from {part, json.dumps(part)[1:-1], repr(part)[1:-1], repr(part.encode("utf-8", "surrogatepass"))[2:-1], quote(part, safe=""), quote(part), quote_plus(part)}  # fmt: skip


class Vault:
    """Reads ``env:NAME`` and ``file:PATH``, and remembers what it read so that it can be taken out of messages.

    Relative paths are below `root`. Give `read` to the renderer, and the vault itself to `connect`.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root or Path()
        self._values: set[str] = set()

    def __repr__(self) -> str:
        return "Vault(...)"

    def read(self, reference: SecretRef) -> str:
        """The secret. SecretError, naming the line that asks for it, if there is none."""
        kind, _, name = reference.reference.partition(":")
        if kind == "env":
            value = os.environ.get(name, "")
            why = f"the environment variable {name} is {'empty' if name in os.environ else 'not set'}"
            todo = f"Set {name} in the shell or the CI job that runs this."
        elif kind == "file":
            value, why = self._file(name)
            todo = f"Put the secret into {name}, readable by this user only."
        else:
            value, why, todo = "", "a reference is env:NAME or file:PATH", "Write it so."
        if not value:
            raise SecretError(
                f"there is no secret at {reference.reference}", why=why, todo=todo, where=reference.where
            )  # fmt: skip
        self.remember(value)
        return value

    def remember(self, value: str) -> None:
        """Take a value out of messages too: a secret in another form, such as that of a header."""
        if value:
            forms = {form for form in _forms(value) if form}
            with _LOCK:
                self._values |= forms
                _ALL.update(forms)

    def scrub(self, text: str) -> str:
        """The text without any secret that was read."""
        return _without(text, self._values)

    def path(self, name: str) -> Path:
        """A file that an environment names, relative to the repository."""
        return Path(name) if Path(name).is_absolute() else self._root / name

    def _file(self, name: str) -> tuple[str, str]:
        try:
            return self.path(name).read_text("utf-8").strip("\r\n"), f"the file {name} is empty"
        except (OSError, UnicodeDecodeError) as error:
            return "", f"the file {name} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
