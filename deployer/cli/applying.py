"""What the commands that write share: consent, who runs them, signals, and carrying plans out on all clusters of an environment."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deployer.cli import common, voice, wishes
from deployer.model.errors import DeployerError, RefusedError, UsageError

if TYPE_CHECKING:
    from deployer.cluster import Cluster
    from deployer.deploy import About, Look, Wish
    from deployer.model.environment import Connection
    from deployer.plan import Plan
    from deployer.plan.outcome import Attempt

F = TypeVar("F", bound=Callable[..., Any])


def options(function: F) -> F:
    """The options of every command that writes."""
    ask = click.option(
        "--yes", is_flag=True, help="Do not ask at the terminal. A production environment wants --confirm."
    )
    return ask(named_options(function))


def named_options(function: F) -> F:
    """The same, without ``--yes``."""
    for option in reversed(
        (
            click.option("--confirm", metavar="NAME", help="Consent to a production environment, by its name."),
            click.option("--lock-timeout", type=click.FloatRange(min=0), default=60.0, show_default=True, metavar="SECONDS", help="How long to wait for another deploy."),
            click.option("--break-lock", is_flag=True, help="Take the lock from a deploy that died."),
        )
    ):  # fmt: skip
        function = option(function)
    return function


def decisions(function: F) -> F:
    """The options that decide about what was changed by hand, or is not in the record."""
    for option in reversed(
        (
            click.option("--on-drift", type=click.Choice(["revert", "keep"]), help="What was changed by hand: write over it (or delete it), or leave it."),
            click.option("--accept", type=click.Choice(["live", "desired"]), help="Which side is right where the record does not know an object."),
        )
    ):  # fmt: skip
        function = option(function)
    return function


@dataclass(frozen=True, slots=True)
class Sight:
    """One cluster, what is wanted of it, and what a look at it gave. `about` is of content that is not the repository's."""

    cluster: Cluster
    wish: Wish
    look: Look
    about: About | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How plans are carried out. `consented` means that nobody is asked any more."""

    output: str
    output_file: Path | None
    yes: bool = False
    consented: bool = False
    lock_timeout: float = 60.0
    break_lock: bool = False
    exact: bool = False
    verb: str = "deploy"
    always_name: bool = False


def look_at(
    prepared: wishes.Prepared, connections: Sequence[Connection], wish: Callable[[Connection, Cluster], Wish]
) -> list[Attempt[Sight]]:
    """A look at each cluster, side by side."""
    from deployer.cluster import connect
    from deployer.deploy import look
    from deployer.deploy.fleet import side_by_side

    def sight(connection: Connection) -> Sight:
        cluster = connect(connection, prepared.vault)
        wanted = wish(connection, cluster)
        return Sight(cluster, wanted, look(cluster, wanted))

    with voice.phase(f"looking at {common.counts((len(connections), 'cluster', ''))}"):
        return side_by_side(connections, sight)


def show_plans(
    sights: Sequence[Attempt[Sight]], output: str, output_file: Path | None, environment: str
) -> list[Attempt[Plan]]:
    """Show the plans in one of the forms, and give them.

    Raises the error of an environment's only cluster as it is; errors of one of several are shown with the rest.
    """
    if len(sights) == 1 and sights[0].error is not None:
        raise sights[0].error
    made = [_plan_of(item) for item in sights]
    show(made, output, output_file, environment)
    return made


def show(made: Sequence[Attempt[Plan]], output: str, output_file: Path | None, environment: str) -> None:
    """Show plans in one of the forms."""
    from deployer.report.many import plans_github, plans_json, plans_markdown, plans_text

    if output == "json":
        text = wishes.dumped(plans_json(made, environment))
    elif output == "markdown":
        text = plans_markdown(made)
    elif output == "github":
        text = plans_github(made)
    else:
        text = plans_text(made, colour=output_file is None and wishes.coloured())
    wishes.emit(text, output_file)


def plan_code(made: Sequence[Attempt[Plan]], *, detailed: bool = False) -> int:
    """The exit code of plans that were only looked at."""
    from deployer.deploy.fleet import worst

    plans = [item.value for item in made if item.value is not None]
    codes = [item.error.exit_code for item in made if item.error is not None]
    codes += [3 for found in plans if found.refusals(looking=True)]
    codes += [2 for found in plans if detailed and not found.empty]
    return worst(codes)


def carry_out(attempts: list[Attempt[Sight]], manner: Manner, prepared: wishes.Prepared) -> int:
    """Show the plans, ask, carry them out side by side, and report; the exit code.

    Raises the error of an environment's only cluster as it is; errors of one of several are reported with the rest.
    """
    from deployer.deploy import Terms, deploy
    from deployer.deploy.fleet import then, worst
    from deployer.plan.outcome import Result
    from deployer.report.many import plans_text

    alone, environment, root = len(attempts) == 1, prepared.loaded.environment.name, prepared.loaded.root
    if alone and attempts[0].error is not None:
        raise attempts[0].error
    shown = plans_text([_plan_of(item) for item in attempts], colour=manner.output == "text" and wishes.coloured())
    (common.result if manner.output == "text" else common.note)(shown)
    allowed = then(attempts, checked)
    if alone and allowed[0].error is not None:
        raise allowed[0].error
    waiting = [item for item in allowed if item.value is not None and not item.value.look.plan.empty]
    if waiting and not _agreed(waiting, manner, environment):
        common.note("Nothing was changed.")
        return 1
    with _stoppable() as stop:
        here = about(root) if any(item.value and item.value.about is None for item in waiting) else None

        def carry(item: Attempt[Sight]) -> Result:
            assert item.value is not None
            by = item.value.about or here
            if item.value.look.plan.empty or by is None:
                return Result(item.value.look.plan)
            terms = Terms(
                about=by,
                records_folder=root / ".deployer" / "records",
                stop=stop,
                progress=common.note if alone else lambda line: common.note(f"{item.cluster}: {line}"),
                lock_wait=manner.lock_timeout,
                break_lock=manner.break_lock,
                exact=manner.exact,
            )
            return deploy(item.value.cluster, item.value.look, item.value.wish, terms)

        done = then(allowed, carry)
    if alone and done[0].error is not None:
        if stop.is_set() and isinstance(done[0].error, RefusedError):
            raise KeyboardInterrupt
        raise done[0].error
    if waiting or manner.output != "text" or not alone:
        _report(done, manner, environment)
    codes = [item.error.exit_code if item.error else item.value.exit_code if item.value else 0 for item in done]
    return worst([*codes, *([130] if stop.is_set() and waiting else [])])


def checked(item: Attempt[Sight]) -> Sight:
    """The sight of an attempt that has one, if its plan may be carried out; UnsafePlanError if not."""
    assert item.value is not None
    item.value.look.plan.check()
    return item.value


def _plan_of(item: Attempt[Sight]) -> Attempt[Plan]:
    from deployer.plan.outcome import Attempt as Made

    return Made(item.cluster, item.address, item.value.look.plan if item.value else None, item.error)


def _report(done: Sequence[Attempt[Any]], manner: Manner, environment: str) -> None:
    from deployer.report.many import results_json, results_markdown, results_text

    if manner.output == "json":
        text = wishes.dumped(results_json(done, environment))
    else:
        text = results_markdown(done) if manner.output == "markdown" else results_text(done)
    wishes.emit(text, manner.output_file)


def consent_in_time(
    environment: str, production: bool, confirm: str | None, *, planned: bool = False, verb: str = "deploy"
) -> None:
    """Refuse at once, before anything is read from the cluster, what will not be consented to (promise 12).

    `planned` is a plan file, which is consent: somebody looked at it. A destruction wants the name in every environment.
    """
    if confirm is not None and confirm != environment:
        raise RefusedError(
            f"--confirm {confirm} is not the environment of this {verb}",
            why=f"that is {environment}",
            todo=f"If that is meant: --confirm {environment}.",
        )
    if production and confirm is None and not planned and not terminal():
        kind = "is a production environment" if verb != "destroy" else "would be destroyed"
        raise RefusedError(
            f"{environment} {kind}, and nobody consented",
            why="there is no terminal to type its name at",
            todo=f"Look at the plan, then run with --confirm {environment}"
            + (", or save the plan with `deployer plan --out FILE` and deploy the file." if verb == "deploy" else "."),
        )


def _agreed(waiting: Sequence[Attempt[Sight]], manner: Manner, environment: str) -> bool:
    if manner.consented:
        return True
    production = any(item.value is not None and item.value.look.plan.production for item in waiting)
    if production or manner.always_name:
        return name_typed(environment, manner.verb, production=production)
    if manner.yes or not terminal():
        return True
    return click.confirm({"deploy": "Deploy this?"}.get(manner.verb, "Roll back?"), default=False, err=True)


def name_typed(environment: str, verb: str, *, production: bool) -> bool:
    """Whether somebody types the environment's name, as consent to what the verb says."""
    mark = "This is production. " if production else ""
    typed: str = click.prompt(f"{mark}Type {environment} to {verb}", default="", show_default=False, err=True)
    return typed == environment


def terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def about(root: Path) -> About:
    """Who deploys, from where, with what, from which commit."""
    from deployer.deploy import origin

    return origin.about(root, os.environ, common.note)


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


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only this user may read, whole or not at all."""
    from deployer.deploy.files import PRIVATE, write_whole

    try:
        write_whole(path, data, PRIVATE)
    except OSError as error:
        raise UsageError(f"{path} cannot be written", why=str(error.strerror), todo="Give another file.") from None


def first_error(attempts: Sequence[Attempt[Any]], kind: type[DeployerError]) -> DeployerError | None:
    """The first error of a kind."""
    return next((item.error for item in attempts if isinstance(item.error, kind)), None)
