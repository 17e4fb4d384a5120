"""`deployer config`."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.core import ParameterSource

from deployer.cli import common, voice, wishes
from deployer.model.finding import Findings


@click.command(epilog="Example: deployer config --env prod")
@common.root_option
@common.optional_environment_option
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result."
)
@click.pass_context
def config(context: click.Context, root: Path | None, environment: str | None, output: str) -> int:
    """Print each setting, its value, and where that comes from: a flag, a variable, the environment's file, or the default.

    A flag counts before a variable (DEPLOYER_*), that before the environment's file, and that before the default.
    Secrets are never read: of a reference it is told whether it leads anywhere, and an address in place is masked.
    """
    from deployer.catalogue.settings import Setting, of_environment
    from deployer.desired.store import default_folder

    folder = common.find_root(root)
    rows = [Setting("root", str(folder), _source(context, "root", "DEPLOYER_ROOT", "the folders above this one"))]
    rows.append(Setting("env", environment or "", _source(context, "environment", "DEPLOYER_ENV", "not given")))
    rows.append(Setting("log-format", voice.VOICE.form, _variable("DEPLOYER_LOG_FORMAT", "text", voice.VOICE.form)))
    for name in ("DEPLOYER_LOCAL", "DEPLOYER_LOCAL_HEAP"):
        rows.append(Setting(name, os.environ.get(name, ""), "variable" if name in os.environ else "default"))
    rows.append(Setting("cache", str(default_folder(os.environ) or ""), "XDG_CACHE_HOME, or the home folder"))
    if environment is not None:
        findings = Findings(root=str(folder))
        rows += of_environment(folder, environment, os.environ, findings)
        findings.raise_errors()
    if output == "json":
        settings = [{"name": row.name, "value": row.value, "source": row.source, "note": row.note} for row in rows]
        common.result(wishes.dumped({"format_version": 1, "settings": settings}))
        return 0
    width = max(len(row.name) for row in rows)
    for row in rows:
        value = wishes.dumped_value(row.value) + (f" ({row.note})" if row.note else "")
        common.result(f"{row.name:{width}}  {value or '-'}  [{row.source}]")
    return 0


def _source(context: click.Context, parameter: str, variable: str, otherwise: str) -> str:
    source = context.get_parameter_source(parameter)
    if source is ParameterSource.ENVIRONMENT:
        return f"variable {variable}"
    return "flag" if source is ParameterSource.COMMANDLINE else otherwise


def _variable(name: str, default: str, value: str) -> str:
    given = os.environ.get(name)
    if given == value:
        return f"variable {name}"
    return "default" if value == default and given is None else "flag"


COMMAND = config
