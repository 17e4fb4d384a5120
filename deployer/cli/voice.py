"""What goes to stderr: progress, warnings and errors, as loud and in the form that was asked for."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import click

from deployer.model.errors import DeployerError
from deployer.model.finding import Finding, InvalidRepositoryError

WARNING = "note:"
"""A line that begins so is a warning, and is told also with --quiet."""


LONG = 1.0
"""Seconds after which a person at a terminal is told what takes so long."""


@dataclass(slots=True)
class Voice:
    """How a run speaks to people. `form` is ``text`` or ``json`` (a line an object); `debug` shows tracebacks."""

    quiet: bool = False
    verbose: bool = False
    form: str = "text"
    debug: bool = False


VOICE = Voice()
"""The one of this run; `reset` begins anew."""


def reset() -> None:
    """As if no option had been given: for the next run in the same process."""
    VOICE.quiet = VOICE.verbose = VOICE.debug = False
    VOICE.form = "text"
    logging.getLogger("deployer").setLevel(logging.NOTSET)
    module = _secrets()
    if module is not None:
        module.forget_all()


def note(text: str = "") -> None:
    """A line for people, on stderr: progress, or a warning if it begins with ``note:``."""
    warning = text.startswith(WARNING)
    if warning or not VOICE.quiet:
        say("warning" if warning else "info", text)


def say(level: str, text: str, **more: Any) -> None:
    """A line on stderr of a level (debug, info, warning, error). `more` stands in the JSON form only.

    What an exception or a log says is not in our hands: of errors and below, what was read as a secret is taken out.
    """
    if level in ("debug", "error"):
        text, more = scrubbed(text), {key: scrubbed(value) if isinstance(value, str) else value for key, value in more.items()}  # fmt: skip
    if VOICE.form == "json":
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"at": at, "level": level, "message": text, **{key: value for key, value in more.items() if value}}
        click.echo(json.dumps(line), err=True)
    elif text or not more:
        click.echo(text, err=True, color=colour())


@contextmanager
def phase(text: str) -> Iterator[None]:
    """Tell what is being done if it lasts over a second and somebody waits for it: at a terminal, or with --verbose."""
    waited_for = not VOICE.quiet and (VOICE.verbose or sys.stderr.isatty())
    timer = threading.Timer(LONG, note, [f"{text} ..."]) if waited_for else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()


def scrubbed(text: str) -> str:
    """A text without any secret that was read in this run."""
    module = _secrets()
    return text if module is None else str(module.scrub_all(text))


def _secrets() -> Any:
    """The module that reads secrets, if it is loaded: where it is not, none was read."""
    return sys.modules.get("deployer.cluster.secrets")


def colour() -> bool | None:
    """Whether stderr takes colours by NO_COLOR, FORCE_COLOR and TERM=dumb; None if a terminal decides."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def show_error(error: DeployerError) -> None:
    """An error in one screen: what, where, why, what to do."""
    if isinstance(error, InvalidRepositoryError):
        show_findings(error.findings.sorted(), error.findings.root)
    if VOICE.form == "json":
        where = str(error.where) if error.where else ""
        say("error", error.what, code=error.code, where=where, why=error.why, next=error.todo)
        return
    say("error", f"{click.style('error', fg='red')}: {_inert(error.what)}")
    if error.where:
        say("error", f"  where: {_inert(str(error.where))}")
        line = _line(error)
        if line:
            say("error", f"         {_inert(line)}")
    if error.why:
        say("error", f"  why:   {_inert(error.why)}")
    if error.todo:
        say("error", f"  next:  {_inert(error.todo)}")


def _inert(text: str) -> str:
    """A text of a server's or a file's making, without control characters (promise 30); several lines below each other."""
    from deployer.report.escape import visible

    return "\n         ".join(visible(line) for line in text.split("\n"))


def show_findings(findings: Iterable[Finding], root: str = "") -> None:
    """Findings as file:line:column, one a paragraph."""
    from deployer.report import finding_rows, finding_text

    lines = source_lines(Path(root)) if root else None
    for finding in findings:
        if VOICE.form == "json":
            (row,) = finding_rows([finding])
            say(finding.level, finding.message, finding=row)
        else:
            say(finding.level, finding_text(finding, lines) if lines else finding_text(finding))


def show_click(error: click.ClickException) -> None:
    """A mistake on the command line, as click tells it."""
    if VOICE.form == "json":
        say("error", error.format_message(), code="usage" if isinstance(error, click.UsageError) else "error")
    else:
        error.show()


def show_bug(error: Exception) -> None:
    """What nobody foresaw."""
    say("error", f"error: a bug of ours: {type(error).__name__}: {error}")
    if not VOICE.debug:
        say("error", "  next:  run again with --debug and report what it prints")


def trace() -> None:
    """The traceback of the error at hand, if it was asked for."""
    if VOICE.debug or os.environ.get("DEPLOYER_DEBUG"):
        say("debug", traceback.format_exc().rstrip())


def source_lines(root: Path) -> Callable[[str], list[str]]:
    """A reader of the lines of files below `root`, each read once; none for what is no such file."""

    @cache
    def lines(name: str) -> list[str]:
        path = root / name
        if not name or not path.is_file() or not path.resolve().is_relative_to(root.resolve()):
            return []
        return shown_lines(name, path.read_text("utf-8", "replace"))

    return lines


def shown_lines(name: str, text: str) -> list[str]:
    """The lines of a file as messages show them: of an environment's, without what may be a secret in the wrong place."""
    from deployer.report.masking import masked

    lines = text.splitlines()
    return [masked(line) for line in lines] if name.startswith("environments/") else lines


def _line(error: DeployerError) -> str:
    if not (error.where and error.where.line):
        return ""
    path = Path(error.where.file)
    if not path.is_file() or path.is_absolute():
        return ""
    lines = shown_lines(error.where.file, path.read_text("utf-8", "replace"))
    return lines[error.where.line - 1].strip()[:120] if error.where.line <= len(lines) else ""


class _Handler(logging.Handler):
    """Log records of our own modules, told as everything else is."""

    def emit(self, record: logging.LogRecord) -> None:
        say("debug", record.getMessage())


def options(*, hidden: bool = False) -> list[click.Option]:
    """The options that every command has."""
    common: dict[str, Any] = {"expose_value": False, "is_eager": True, "hidden": hidden}
    return [
        click.Option(["-q", "--quiet"], is_flag=True, callback=_set("quiet"), help="No progress, only results, warnings and errors.", **common),
        click.Option(["-v", "--verbose"], is_flag=True, callback=_set("verbose"), help="Tell each request to the cluster.", **common),
        click.Option(["--log-format"], type=click.Choice(["text", "json"]), envvar="DEPLOYER_LOG_FORMAT", callback=_set("form"), help="Form of what goes to stderr; json is a line an object.", **common),
        click.Option(["--debug"], is_flag=True, callback=_set("debug"), help="Show the traceback of an error.", **common),
    ]  # fmt: skip


def _set(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(_: click.Context, __: click.Parameter, value: Any) -> None:
        if value:
            setattr(VOICE, name, value)
        if value and name == "verbose":
            logger = logging.getLogger("deployer")
            logger.handlers, logger.propagate = [_Handler()], False
            logger.setLevel(logging.DEBUG)

    return callback
