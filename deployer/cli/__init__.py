"""The command line: parses, calls, prints. The only package that prints or exits."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from deployer import __version__
from deployer.cli import common

COMMANDS = {
    "validate": "Check every file of the repository, offline.",
    "render": "Print or write the exact bodies that would be sent.",
    "plan": "Show what a deploy would change on the cluster.",
    "deploy": "Make the cluster match the repository.",
    "doctor": "Find on an environment's cluster what can never fire, and why.",
    "status": "Show drift, the health of monitors and when sources last spoke.",
    "pull": "Turn a change made on the cluster into a patch of the repository.",
    "history": "List the deploys of an environment.",
    "show": "Show what one deploy changed.",
    "rollback": "Go back to what stood there after an earlier deploy.",
    "unlock": "Take away the lock that a killed deploy left behind.",
    "destroy": "Remove everything that a deployment owns.",
    "test": "Replay sample events on throw-away indices and check what alerts.",
    "replay": "Send the sample events to an environment and run its deployed monitors.",
    "alerts": "Show the alerts of a deployment, with who and where.",
    "local": "Start, stop or look at the local cluster.",
    "explain": "Say what a finding's code means and how to mend it.",
    "schema": "Print a JSON Schema.",
}
"""Command to its one line of help, in the order in which help shows them. Modules are imported when called, so help starts fast."""


class LazyGroup(click.Group):
    """Imports a command's module only when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"deployer.cli.{cmd_name}")
        command: click.Command = module.COMMAND
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            raise click.UsageError(common.unknown("command", name, COMMANDS))
        return super().resolve_command(ctx, args)


@click.command(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog="Example: deployer plan --env prod"
)
@click.version_option(__version__, prog_name="deployer")
def cli() -> None:
    """Detections in git become monitors on OpenSearch that are proven to fire."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script `deployer`: runs a command and exits with the documented code."""
    sys.exit(common.run(cli, list(sys.argv[1:] if arguments is None else arguments), "deployer"))


def deploy_main() -> None:
    """The console script `deploy`: the same as `deployer deploy`."""
    main(["deploy", *sys.argv[1:]])
