"""One error root: every error says what, where, why, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file a person wrote. `line` and `column` count from 1; 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


class DeployerError(Exception):
    """An error a person can act on.

    `code` is stable (``DAC012`` for findings, a word for operational errors), `exit_code` follows docs/exit-codes:
    1 failure, 3 refused for safety, 4 authentication or authorisation, 64 usage, 70 a bug of ours.
    """

    exit_code = 1
    code = "error"

    def __init__(self, what: str, *, why: str = "", todo: str = "", where: Location | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.todo = todo
        self.where = where

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class UsageError(DeployerError):
    """The command line or its options are off."""

    exit_code = 64
    code = "usage"


class RefusedError(DeployerError):
    """Refused for safety: unsafe, stale, conflict, lock, ownership."""

    exit_code = 3
    code = "refused"


class AuthError(DeployerError):
    """Authentication or authorisation failed. `status` is 401 or 403, if the cluster answered."""

    exit_code = 4
    code = "auth"
    status: int | None = None


class ClusterError(DeployerError):
    """The cluster could not be reached or answered something unusable. `status` is the HTTP status, if it answered."""

    code = "cluster"
    status: int | None = None


class LocalError(DeployerError):
    """The local cluster could not be started, stopped or found."""

    code = "local"
