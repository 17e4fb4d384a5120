"""`deployer completion`."""

from __future__ import annotations

import click

from deployer.cli import common

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_DEPLOYER_COMPLETE"


@click.command(epilog="Example: deployer completion bash >> ~/.bashrc")
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what a shell needs to complete commands, options, environments and the ids of analytics.

    \b
    bash:  deployer completion bash >> ~/.bashrc
    zsh:   deployer completion zsh >> ~/.zshrc
    fish:  deployer completion fish > ~/.config/fish/completions/deployer.fish

    What it offers is read from the files of the repository; no cluster is asked.
    """
    from click.shell_completion import get_completion_class

    from deployer.cli.group import cli

    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(cli, {}, "deployer", VARIABLE)
    common.result(made.source_template % made.source_vars())


COMMAND = completion
