"""What `plan` and `deploy` share: their options, and what they make of them."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deployer.cli import clusters as choose
from deployer.cli import common, completing
from deployer.model.errors import UsageError

if TYPE_CHECKING:
    from deployer.cluster import Cluster, Vault
    from deployer.deploy import Wish
    from deployer.model.environment import Connection
    from deployer.plan import Selection

_SURROGATE = re.compile("[\ud800-\udfff]")

F = TypeVar("F", bound=Callable[..., Any])


SELECTION = (
    click.option("--select", multiple=True, metavar="TERM", shell_complete=completing.analytics, help="Only these: an id, a key, a path, tag:, severity: or platform:. Repeatable."),
    click.option("--exclude", multiple=True, metavar="TERM", shell_complete=completing.analytics, help="Not these; same terms. Repeatable."),
)  # fmt: skip
NO_CACHE = click.option("--no-cache", is_flag=True, help="Read and render everything anew, instead of only what changed since an earlier run of this user.")  # fmt: skip


def selection(function: F) -> F:
    """``--select`` and ``--exclude``."""
    for option in reversed(SELECTION):
        function = option(function)
    return function


def look_options(function: F) -> F:
    """The options of commands that compare the repository with its clusters, and decide nothing."""
    for option in reversed((common.root_option, choose.clusters_option, *SELECTION, NO_CACHE)):
        function = option(function)
    return function


def options(function: F) -> F:
    """The options that decide what a plan is about."""
    for option in reversed(
        (
            common.root_option,
            choose.clusters_option,
            *SELECTION,
            click.option("--prune", is_flag=True, help="Delete what this deployment owns and the repository no longer has."),
            click.option("--adopt", is_flag=True, help="Take over hand-made objects of the same name."),
            click.option("--on-drift", type=click.Choice(["revert", "keep"]), help="What was changed by hand: write over it, or leave it."),
            click.option("--accept", type=click.Choice(["live", "desired"]), help="Which side is right where the record does not know an object."),
            click.option("--allow-mass-change", is_flag=True, help="Allow this run to change more than the environment's limits."),
            click.option("--allow-rollover", is_flag=True, help="Allow this run to start new backing indices of data streams where a changed field needs one."),
            click.option("--allow-overload", is_flag=True, help="Allow this run to leave more enabled monitors than the cluster can run."),
            NO_CACHE,
        )
    ):  # fmt: skip
        function = option(function)
    return function


def output_options(*more: str) -> Callable[[F], F]:
    """``--output`` text, json, markdown and `more`, and ``--output-file``."""

    def add(function: F) -> F:
        forms = ["text", "json", "markdown", *more]
        for option in (
            click.option("--output-file", type=click.Path(path_type=Path, dir_okay=False), help="Write the result there instead of printing it."),
            click.option("--output", type=click.Choice(forms), default="text", show_default=True, help="Form of the result."),
        ):  # fmt: skip
            function = option(function)
        return function

    return add


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything read that does not need the cluster. `wish` is what is wanted of it."""

    loaded: common.Loaded
    wish: Wish
    vault: Vault

    def connect(self, name: str | None = None) -> Cluster:
        """A client of the environment's cluster, or of the one of this name.

        Raises UsageError if there are several and none is named.
        """
        from deployer.cluster import connect

        return connect(choose.one_connection(self.loaded.environment, name), self.vault)

    def connections(self, names: Sequence[str] = ()) -> list[Connection]:
        """The clusters of the environment, or those of these names."""
        return choose.chosen_connections(self.loaded.environment, names)


def selected(loaded: common.Loaded, select: Sequence[str], exclude: Sequence[str]) -> Selection:
    """What the terms make of an environment's objects. Analytics are read only if a term may be about them."""
    from deployer.plan import make_selection

    analytics = loaded.repository.analytics if select or exclude else {}
    return replace(make_selection(loaded.resources, analytics, select, exclude), drafts=loaded.drafts)


def prepare(
    root: Path | None, environment: str, select: tuple[str, ...], exclude: tuple[str, ...], choices: Mapping[str, Any]
) -> Prepared:
    """Read and render an environment, with its secrets, and what is selected of it."""
    from deployer.cluster import Vault
    from deployer.deploy import Wish
    from deployer.plan import Choices

    vault = Vault(common.find_root(root))
    asked = dict(choices)
    loaded = common.load(root, environment, vault.read, remember=not asked.pop("no_cache", False))
    return Prepared(loaded, Wish(loaded.resources, loaded.environment, selected(loaded, select, exclude), Choices(**asked)), vault)


def prepare_to_read(root: Path | None, environment: str) -> Prepared:
    """The same for commands that send nothing: the addresses of channels are not read."""
    from deployer.cluster import Vault
    from deployer.deploy import Wish

    loaded = common.load(root, environment)
    return Prepared(loaded, Wish(loaded.resources, loaded.environment), Vault(loaded.root))


def prepare_to_look(
    root: Path | None, environment: str, select: tuple[str, ...], exclude: tuple[str, ...], *, remember: bool
) -> Prepared:
    """The same for commands that compare: what is selected, and what earlier runs made of unchanged files."""
    from deployer.cluster import Vault
    from deployer.deploy import Wish

    loaded = common.load(root, environment, remember=remember)
    return Prepared(loaded, Wish(loaded.resources, loaded.environment, selected(loaded, select, exclude)), Vault(loaded.root))


def prepare_environment(root: Path | None, environment: str) -> Prepared:
    """An environment alone, for commands whose content does not come from the repository: nothing is rendered."""
    from deployer.cluster import Vault
    from deployer.deploy import Wish

    loaded = common.load_only(root, environment)
    return Prepared(loaded, Wish((), loaded.environment), Vault(loaded.root))


def emit(text: str, file: Path | None, option: str = "--output-file") -> None:
    """The result, to stdout or into the file that an option names. Raises UsageError for a file that cannot be written."""
    if file is None:
        common.result(text)
        return
    try:
        file.write_text(text + "\n", "utf-8")
    except OSError as error:
        raise _unwritable(file, error.strerror, option) from None
    common.note(f"written to {file}")


def check_output(file: Path | None, option: str = "--output-file") -> None:
    """Raise UsageError now for a file that could not be written later, at the end of a long run."""
    if file is None:
        return
    if not file.parent.is_dir():
        raise _unwritable(file, f"there is no folder {file.parent}", option)
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise _unwritable(file, "permission denied", option)


def _unwritable(file: Path, why: str | None, option: str) -> UsageError:
    return UsageError(f"{file} cannot be written", why=why or "", todo=f"Give another file with {option}.")


def dumped(value: Mapping[str, Any]) -> str:
    """JSON as it is printed. Half of a surrogate pair, which no encoding holds, makes it ASCII."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if not _SURROGATE.search(text) else json.dumps(value, indent=2)


def dumped_value(value: Any) -> str:
    """A value in one line: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def coloured() -> bool:
    """Whether stdout takes colours: NO_COLOR, FORCE_COLOR and TERM=dumb are honoured."""
    if not sys.stdout.isatty() and not any(name in os.environ for name in ("FORCE_COLOR", "TTY_COMPATIBLE")):
        return False  # without the import of rich, which takes longer than to plan
    from rich.console import Console

    console = Console()
    return console.color_system is not None and not console.no_color
