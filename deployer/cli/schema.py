"""`deployer schema`."""

from __future__ import annotations

from pathlib import Path

import click

from deployer import schemas
from deployer.cli import common, completing
from deployer.model.errors import DeployerError, UsageError


@click.command(epilog="Example: deployer schema analytic > analytic.schema.json")
@click.argument("name", required=False, shell_complete=completing.schemas)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write all schemas (or NAME alone) into this folder, such as schemas/ of a repository.",
)
def schema(name: str | None, out: Path | None) -> None:
    """Print the JSON Schema NAME; without a name, list the schemas."""
    if name is not None and name not in schemas.names():
        raise UsageError(common.unknown("schema", name, schemas.names()))
    files = {path: text for path, text in schemas.files().items() if name in (None, path.removesuffix(".json"))}
    if out is not None:
        _write(out, files)
    elif name is not None:
        common.result(files[f"{name}.json"].decode().rstrip("\n"))
    else:
        common.result("\n".join(schemas.names()))


def _write(out: Path, files: dict[str, bytes]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            (out / path).write_bytes(text)
    except OSError as error:
        raise DeployerError(
            f"{error.filename or out} cannot be written",
            why=error.strerror or "",
            todo="Give another folder with --out.",
        ) from None
    common.note(f"{common.counts((len(files), 'schema', ''))} written into {out}")


COMMAND = schema
