"""`deployer init`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from deployer.cli import common, wishes
from deployer.model.errors import DeployerError, UsageError


@click.command(epilog="Example: deployer init our-detections")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), metavar="[DIR]")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result."
)
def init(folder: Path, output: str) -> int:
    """Start a repository of detections in DIR (default: here).

    Writes an example detection with its samples, the environment of a local cluster, the log sources with their mappings
    and pipelines, the templates, the schemas for editors, a .gitignore, a hook for pre-commit, and a README with the next
    commands. A file that is there already is left as it is, and named.
    """
    from deployer import starter

    _check(folder)
    written, kept = _write(folder, starter.contents(folder.resolve().name))
    if output == "json":
        common.result(wishes.dumped({"format_version": 1, "folder": str(folder), "written": written, "kept": kept}))
        return 0
    for path in kept:
        common.note(f"kept {folder / path}: it was there")
    common.result(f"{common.counts((len(written), 'file', ''))} written into {folder}.")
    enter = [] if folder.resolve() == Path.cwd() else [f"cd {folder}"]
    for command in (*enter, "deployer validate", "deployer local up", "deployer test", "deployer plan --env local"):
        common.result(f"    {command}")
    return 0


def _check(folder: Path) -> None:
    """Raise UsageError for a folder that has detections already: what was taken out of them must not come back."""
    detections = folder / "detections"
    if detections.exists() and not (detections.is_dir() and not any(detections.iterdir())):
        raise UsageError(
            f"{folder} has detections already",
            why=f"{detections} is not empty, and a repository is started once",
            todo="Give another folder; or `deployer schema --out schemas` if only the schemas are missing.",
        )


def _write(folder: Path, files: Mapping[str, bytes]) -> tuple[list[str], list[str]]:
    """Write what is not there; the paths that were written, and those that were there."""
    written, kept = [], []
    for path, text in files.items():
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:  # fails for whatever is there, a link into nowhere included
                file.write(text)
            written.append(path)
        except FileExistsError:
            if not target.is_file() and not target.is_symlink():
                raise _unwritable(target, "something else is there") from None
            kept.append(path)
        except OSError as error:
            raise _unwritable(target, error.strerror or "") from None
    return written, kept


def _unwritable(path: Path, why: str) -> DeployerError:
    return DeployerError(
        f"{path} cannot be written", why=why, todo="Give another folder, or move away what is there; then run it again."
    )


COMMAND = init
