"""What the commands share: options, consoles, errors as a person reads them, exit codes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import click

from deployer.cli import completing, voice
from deployer.cli.voice import note, show_error, show_findings, source_lines
from deployer.model.errors import DeployerError, UsageError
from deployer.model.finding import Finding, Findings, near

USAGE, BUG, INTERRUPTED = 64, 70, 130

__all__ = [
    "Loaded",
    "connect",
    "counts",
    "entity",
    "environment_option",
    "find_root",
    "findings_as",
    "load",
    "load_only",
    "note",
    "optional_environment_option",
    "result",
    "root_option",
    "run",
    "show_error",
    "show_findings",
    "source_lines",
    "stage_option",
    "unknown",
]

F = TypeVar("F", bound=Callable[..., Any])


def result(text: str) -> None:
    """The result of a command, on stdout."""
    click.echo(text)


def counts(*parts: tuple[int, str, str]) -> str:
    """Numbers with their nouns (and irregular plurals): ``6 analytics, 1 monitor``."""
    from deployer.report import counted

    return ", ".join(counted(number, noun, plural) for number, noun, plural in parts)


def findings_as(
    output: str,
    findings: Sequence[Finding],
    root: Path,
    head: Mapping[str, Any],
    summary: str,
    excluded: Sequence[Any] = (),
) -> str:
    """Findings in one of the forms text, json, github, gitlab and sarif. `head` are further keys of the JSON form, `summary` what was looked at.

    `excluded` are findings that were set apart, each with its exclusion.
    """
    from deployer import __version__
    from deployer.report import (
        excluded_rows,
        excluded_text,
        finding_rows,
        finding_text,
        findings_github,
        findings_gitlab,
        findings_sarif,
        sums,
    )

    if output == "json":
        rows = {"findings": finding_rows(findings), "excluded": excluded_rows(excluded)}
        return json.dumps({"format_version": 1, **head, **rows}, indent=2)
    if output == "sarif":
        return json.dumps(findings_sarif(findings, __version__, excluded), indent=2)
    if output == "github":
        return findings_github(findings)
    if output == "gitlab":
        return json.dumps(findings_gitlab(findings), indent=2)
    lines = source_lines(root)
    text = [finding_text(finding, lines) for finding in findings]
    if findings:
        text.append(f"`deployer explain {findings[0].code}` says more about a finding.")
    text += excluded_text(excluded)
    errors = any(finding.level == "error" for finding in findings)
    text.append(f"Not valid: {sums(findings)} in {summary}." if errors else f"Valid: {summary}; {sums(findings)}.")
    return "\n".join(text)


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """The message about an unknown name, with the nearest known one."""
    return f"There is no {kind} '{name}'; {near(name, known)}"


def root_option(function: F) -> F:
    """``--root``: the folder of the repository."""
    return click.option(
        "--root",
        type=click.Path(path_type=Path, file_okay=False),
        default=None,
        envvar="DEPLOYER_ROOT",
        help="Folder of the repository (default: the nearest one above that has detections/).",
    )(function)


def environment_option(function: F) -> F:
    """``--env``: the name of an environment."""
    return _environment(function, "An environment: a file of environments/, without .yml.", required=True)


def optional_environment_option(function: F) -> F:
    """``--env``, where something else may tell the environment."""
    return _environment(function, "An environment: a file of environments/, without .yml. A plan file knows its own.")


def stage_option(function: F) -> F:
    """``--env``, for commands that make throw-away indices."""
    text = "The environment on whose cluster the throw-away indices are made."
    return _environment(function, text, default="local", show_default=True)


def _environment(function: F, text: str, **more: Any) -> F:
    return click.option(
        "--env",
        "environment",
        envvar="DEPLOYER_ENV",
        shell_complete=completing.environments,
        metavar="NAME",
        help=text,
        **more,
    )(function)


def stix_option(function: F) -> F:
    """``--stix``: the user's own copy of ATT&CK's data."""
    return click.option(
        "--stix",
        type=click.Path(path_type=Path),
        required=True,
        envvar="DEPLOYER_STIX",
        metavar="FILE",
        help="ATT&CK's data as MITRE publishes it, in STIX 2.0 or 2.1.",
    )(function)


def find_root(given: Path | None) -> Path:
    """The repository's folder: the one given, or the nearest above the working directory."""
    if given is not None:
        return given.resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "detections").is_dir() and (folder / "environments").is_dir():
            return folder
    raise UsageError(
        "no repository of detections here",
        why=f"neither {here.name}/ nor a folder above it has detections/ and environments/",
        todo="Change into the repository, or give its folder with --root.",
    )


@dataclass(frozen=True)
class Loaded:
    """An environment, rendered. `resources` are ready to be sent only if secrets were read; `drafts` are left out of them."""

    root: Path
    environment: Any
    resources: tuple[Any, ...]
    findings: Findings
    drafts: tuple[str, ...] = ()

    @cached_property
    def repository(self) -> Any:
        """The repository that it was made from; read when it is first asked for, unless it was read anyway."""
        from deployer.catalogue import load_repository

        return load_repository(self.root, Findings())


def load(root: Path | None, environment: str, secrets: Any = None, *, remember: bool = False) -> Loaded:
    """Read and render an environment; InvalidRepositoryError with all findings if anything is wrong.

    With `remember`, what earlier runs made of the same files is taken from the user's cache, and what is made now goes there.
    """
    folder = find_root(root)
    made = _remembered(folder, environment, secrets) if remember else None
    if made is not None:
        loaded = Loaded(folder, made.environment, made.resources, made.findings, made.drafts)
    else:
        from deployer.desired.read import fresh

        with voice.phase("reading and rendering the repository"):
            repository, made = fresh(folder, environment, secrets)
        loaded = Loaded(folder, made.environment, made.resources, made.findings, made.drafts)
        loaded.__dict__["repository"] = repository
    if made.findings.items:
        show_findings(made.findings.sorted(), str(folder))
    return loaded


def _remembered(folder: Path, environment: str, secrets: Any) -> Any:
    """What is remembered of an environment, with what changed since; None if it must be read as a whole."""
    from deployer.desired import remembered, snapshot, store

    place = store.default_folder(os.environ)
    kept = store.open_store(place) if place else None
    taken = snapshot.take(folder, environment) if kept else None
    if kept is None or taken is None:
        return None
    found = remembered.recall(taken, kept, str(folder), secrets)
    if found is not None:
        return found
    from deployer.desired.read import changed

    return changed(folder, taken, kept, secrets)


def run(command: click.Command, arguments: list[str], name: str) -> int:
    """Run a command and give its exit code (docs: exit codes). A traceback is shown only with --debug, or DEPLOYER_DEBUG=1."""
    voice.reset()
    try:
        outcome = command.main(args=arguments, prog_name=name, standalone_mode=False)
        return int(outcome) if isinstance(outcome, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        voice.say("error", "interrupted")
        return INTERRUPTED
    except KeyboardInterrupt:
        voice.say("error", "interrupted")
        return INTERRUPTED
    except click.ClickException as error:
        voice.show_click(error)
        return USAGE if isinstance(error, click.UsageError) else 1
    except DeployerError as error:
        voice.trace()
        show_error(error)
        return error.exit_code
    except BrokenPipeError:
        return 1
    except Exception as error:  # noqa: BLE001 - the last stop: whatever gets here is a bug of ours, and says so
        voice.trace()
        voice.show_bug(error)
        return BUG


def entity(values: Iterable[tuple[str, str]]) -> str:
    """An alert's entity as text: ``host=WS01 user=alice``."""
    return " ".join(f"{name}={value}" for name, value in values)


def load_only(root: Path | None, environment: str) -> Loaded:
    """Read an environment and what its file refers to; nothing is rendered."""
    from deployer.catalogue import load_environment, load_repository

    folder, findings = find_root(root), Findings()
    repository = load_repository(folder, findings)
    loaded = load_environment(folder, environment, repository.analytics, repository.sources, findings)
    findings.raise_errors()
    assert loaded is not None
    only = Loaded(folder, loaded, (), findings)
    only.__dict__["repository"] = repository
    return only


def connect(environment: Any, cluster: str | None = None) -> Any:
    """A connection to the environment's cluster (or the one named), its secrets read from where they are."""
    from deployer.cli.clusters import one_connection
    from deployer.cluster import connect as open_connection

    return open_connection(one_connection(environment, cluster))
