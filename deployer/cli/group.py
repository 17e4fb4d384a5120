"""The commands as one program for click, which imports a command's module only when it is called."""

from __future__ import annotations

import importlib

import click

from deployer import __version__
from deployer.cli import ABOUT, COMMANDS, EXAMPLE, common


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


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, help=ABOUT, epilog=EXAMPLE)
@click.version_option(__version__, prog_name="deployer")
def cli() -> None:
    """All of them."""
