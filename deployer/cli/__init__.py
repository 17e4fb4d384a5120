"""The command line: parses, calls, prints. The only package that prints or exits.

This module imports nothing but what Python has loaded anyway, so that `deployer --help` starts as fast as Python does:
click alone takes three times as long.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # the one of `typing`, without its import
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

COMMANDS = {
    "init": "Start a repository of detections.",
    "new": "Begin analytics from ATT&CK's data, as drafts.",
    "attack": "Say how far log sources serve ATT&CK's analytics.",
    "validate": "Check every file of the repository, offline.",
    "render": "Print or write the exact bodies that would be sent.",
    "plan": "Show what a deploy would change on the cluster.",
    "deploy": "Make the cluster match the repository.",
    "doctor": "Find on an environment's cluster what can never fire, and why.",
    "status": "Show drift, the health of monitors and when sources last spoke.",
    "pull": "Turn a change on the cluster into a patch of the repository.",
    "history": "List the deploys of an environment.",
    "show": "Show what one deploy changed.",
    "rollback": "Go back to what stood there after an earlier deploy.",
    "unlock": "Take away the lock that a killed deploy left behind.",
    "destroy": "Remove everything that a deployment owns.",
    "test": "Replay samples on throw-away indices and check what alerts.",
    "watch": "Test an analytic at each save.",
    "comment": "Join results into one comment on a pull request.",
    "replay": "Send the sample events to an environment and run its monitors.",
    "alerts": "Show the alerts of a deployment, with who and where.",
    "report": "Write one page: what is deployed, covered, tested and tuned.",
    "coverage": "Show which ATT&CK techniques are tested and deployed.",
    "dashboards": "Make a dashboard for each strategy.",
    "roles": "Print the roles that an environment's users need on its cluster.",
    "local": "Start, stop or look at the local cluster.",
    "config": "Print each setting, and where its value comes from.",
    "explain": "Say what a finding's code means and how to mend it.",
    "schema": "Print a JSON Schema.",
    "completion": "Print what a shell needs to complete commands.",
}
"""Command to its one line of help, in the order in which help shows them. Modules are imported when called, so help starts fast."""

ABOUT = "Detections in git become monitors on OpenSearch that are proven to fire."
EXAMPLE = "Example: deployer plan --env prod"
WIDTH = 80
"""Columns from which help is as wide as it gets."""


def __getattr__(name: str) -> Any:
    """`cli`, the commands as click knows them, made when it is first asked for."""
    if name == "cli":
        from deployer.cli.group import cli

        return cli
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script `deployer`: runs a command and exits with the documented code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given in (["--help"], ["-h"]) and _wide():
        sys.exit(_show(help_text()))
    import gc

    from deployer.cli import common, group

    # What a command reads and makes lives until it ends: looking for garbage in it is a tenth of the time of `validate`.
    gc.set_threshold(100_000)
    sys.exit(common.run(group.cli, given, "deployer"))


def deploy_main() -> None:
    """The console script `deploy`: the same as `deployer deploy`."""
    main(["deploy", *sys.argv[1:]])


def help_text() -> str:
    """What `deployer --help` prints where there is room; a test holds it to what click makes of the same."""
    width = max(map(len, COMMANDS))
    commands = [f"  {name:{width}}  {line}" for name, line in COMMANDS.items()]
    options = ["  --version   Show the version and exit.", "  -h, --help  Show this message and exit."]
    head = ["Usage: deployer [OPTIONS] COMMAND [ARGS]...", "", f"  {ABOUT}"]
    return "\n".join([*head, "", "Options:", *options, "", "Commands:", *commands, "", f"  {EXAMPLE}", ""])


def _wide() -> bool:
    """Whether the lines of help need not be wrapped: COLUMNS decides, then the terminal, and a file is wide enough."""
    given = os.environ.get("COLUMNS", "")
    if given:
        return given.isdigit() and int(given) >= WIDTH
    try:
        return os.get_terminal_size(1).columns >= WIDTH
    except OSError:
        return True


def _show(text: str) -> int:
    """Print; 1 if nobody reads it, as for every command."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return 0
