"""`deployer deploy`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.cli import common, wishes
from deployer.model.errors import RefusedError

if TYPE_CHECKING:
    from deployer.deploy import About
    from deployer.plan import Plan


@click.command(epilog="Example: deployer deploy --env local --yes")
@wishes.options
@click.option("--yes", is_flag=True, help="Do not ask at the terminal. A production environment wants --confirm.")
@click.option("--confirm", metavar="NAME", help="Consent to a production environment, by its name.")
@click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another deploy.",
)
@click.option("--break-lock", is_flag=True, help="Take the lock from a deploy that died.")
@click.option(
    "--push-record",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Only write a record that a deploy had to save in a file.",
)
def deploy(
    root: Path | None,
    environment: str,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    output: str,
    output_file: Path | None,
    yes: bool,
    confirm: str | None,
    lock_timeout: float,
    break_lock: bool,
    push_record: Path | None,
    **choices: Any,
) -> int:
    """Make the cluster match the repository.

    Shows the plan, asks at a terminal, and carries it out; without changes nothing is written. Ctrl-C and SIGTERM end
    the calls in flight and start no new ones. Exit code 3 if it is refused for safety, and nothing was written then.
    """  # fmt: skip
    from deployer.deploy import Terms, look
    from deployer.deploy import deploy as carry_out
    from deployer.plan.outcome import Result

    prepared = wishes.prepare(root, environment, select, exclude, choices)
    _consent_in_time(environment, prepared.loaded.environment.production, confirm)
    about = _about(prepared.loaded.root)
    cluster = prepared.connect()
    if push_record is not None:
        from deployer.deploy import push

        record = push(cluster, prepared.loaded.environment.deployment, push_record)
        common.result(f"The record of deploy {record.generation} is on the cluster.")
        return 0
    seen = look(cluster, prepared.wish)
    _show(seen.plan, cluster.address, output)
    seen.plan.check()
    if seen.plan.empty:
        if output != "text":
            _report(Result(seen.plan), output, output_file)
        return 0
    if not _agreed(seen.plan, yes, confirm):
        common.note("Nothing was changed.")
        return 1
    with _stoppable() as stop:
        terms = Terms(
            about=about,
            records_folder=prepared.loaded.root / ".deployer" / "records",
            stop=stop,
            progress=common.note,
            lock_wait=lock_timeout,
            break_lock=break_lock,
        )
        try:
            result = carry_out(cluster, seen, prepared.wish, terms)
        except RefusedError:
            if stop.is_set():
                raise KeyboardInterrupt from None
            raise
    _report(result, output, output_file)
    return result.exit_code


def _show(plan: Plan, address: str, output: str) -> None:
    """The plan: part of the result as text, beside it when a program reads the result."""
    from deployer.report import plan_text

    if output == "text":
        common.result(plan_text(plan, address, colour=wishes.coloured()))
    else:
        common.note(plan_text(plan, address))


def _report(result: Any, output: str, file: Path | None) -> None:
    from deployer.report import result_json, result_markdown, result_text

    if output == "json":
        wishes.emit(wishes.dumped(result_json(result)), file)
    else:
        wishes.emit(result_markdown(result) if output == "markdown" else result_text(result), file)


def _consent_in_time(environment: str, production: bool, confirm: str | None) -> None:
    """Refuse at once, before anything is read from the cluster, what will not be consented to (promise 12)."""
    if confirm is not None and confirm != environment:
        raise RefusedError(
            f"--confirm {confirm} is not the environment that would be deployed",
            why=f"it is {environment}",
            todo=f"If that is meant: --confirm {environment}.",
        )
    if production and confirm is None and not _terminal():
        raise RefusedError(
            f"{environment} is a production environment, and nobody consented",
            why="there is no terminal to type its name at",
            todo=f"Look at the plan, then run with --confirm {environment}.",
        )


def _agreed(plan: Plan, yes: bool, confirm: str | None) -> bool:
    if plan.production:
        if confirm is not None:
            return True
        typed: str = click.prompt(
            f"This is production. Type {plan.environment} to deploy", default="", show_default=False, err=True
        )
        return typed == plan.environment
    if yes or confirm is not None or not _terminal():
        return True
    return click.confirm("Deploy this?", default=False, err=True)


def _terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def _about(root: Path) -> About:
    """Who deploys, from where, with what."""
    import getpass
    import socket
    import subprocess
    from datetime import UTC, datetime

    from deployer import __version__
    from deployer.deploy import About

    try:
        who = getpass.getuser()
    except (KeyError, OSError):
        who = f"user {os.getuid()}"
    try:
        asked = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, timeout=10, check=False
        )
        commit = asked.stdout.strip() if asked.returncode == 0 else ""
    except (OSError, subprocess.TimeoutExpired):
        commit = ""
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return About(who, socket.gethostname(), commit, __version__, at)


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, instead of ending the program in the middle of a write."""
    stop = threading.Event()

    def handle(number: int, frame: object) -> None:
        common.note("stopping: what is in flight ends, nothing new begins")
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


COMMAND = deploy
