"""The commands as one program for click, which imports a command's module only when it is called."""

from __future__ import annotations

import importlib

import click
from click.shell_completion import CompletionItem

from deployer import __version__
from deployer.cli import ABOUT, COMMANDS, EXAMPLE, common, voice


class LazyGroup(click.Group):
    """Imports a command's module only when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"deployer.cli.{cmd_name}")
        return _speaking(module.COMMAND)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands, without importing one of them; options as click has them."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(name, help=line) for name, line in COMMANDS.items() if name.startswith(incomplete)]

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


def _speaking(command: click.Command) -> click.Command:
    """The command with the options that say how loud it is, once; of a group its commands."""
    for inner in command.commands.values() if isinstance(command, click.Group) else [command]:
        known = {param.name for param in inner.params}
        inner.params += [option for option in voice.options() if option.name not in known]
    return command


# Who writes them before the command means the same; its help shows them.
cli.params += voice.options(hidden=True)
