"""Secrets, read from where a reference says and only when they are needed; never shown."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from deployer.model.environment import SecretRef
from deployer.model.errors import DeployerError


class SecretError(DeployerError):
    """A reference leads to no secret."""

    code = "secret"


class Vault:
    """Reads ``env:NAME`` and ``file:PATH``, and remembers what it read so that it can be taken out of messages.

    Relative paths are below `root`. Give `read` to the renderer, and the vault itself to `connect`.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root or Path()
        self._values: set[str] = set()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Vault({len(self._values)} secrets)"

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
            with self._lock:
                self._values.add(value)

    def scrub(self, text: str) -> str:
        """The text without any secret that was read."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, "(secret)")
        return text

    def path(self, name: str) -> Path:
        """A file that an environment names, relative to the repository."""
        return Path(name) if Path(name).is_absolute() else self._root / name

    def _file(self, name: str) -> tuple[str, str]:
        try:
            return self.path(name).read_text("utf-8").strip("\r\n"), f"the file {name} is empty"
        except (OSError, UnicodeDecodeError) as error:
            return "", f"the file {name} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
