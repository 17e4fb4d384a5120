"""What a shell offers while a command is typed: from the files of the repository alone, whatever else is wrong there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem


def environments(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of the environments."""
    root = _root(ctx)
    return _offered((path.stem for path in root.glob("environments/*.yml")) if root else (), incomplete)


def analytics(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of the analytics, which are the names of their folders."""
    root = _root(ctx)
    found = (path.parent.name for path in root.glob("detections/*/*/analytic.yml")) if root else ()
    return _offered(found, incomplete)


def codes(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The codes of findings, with their titles."""
    from deployer.model.codes import CODES

    return [CompletionItem(code, help=CODES[code].title) for code in CODES if code.startswith(incomplete.upper())]


def schemas(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of the schemas."""
    from deployer import schemas as published

    return _offered(published.names(), incomplete)


def _offered(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in sorted(set(names)) if name.startswith(incomplete)]


def _root(ctx: click.Context) -> Path | None:
    """The repository, as the command will find it; None if there is none."""
    from deployer.cli.common import find_root
    from deployer.model.errors import DeployerError

    given = ctx.params.get("root") or os.environ.get("DEPLOYER_ROOT")
    try:
        return find_root(Path(given) if given else None)
    except (DeployerError, OSError):
        return None
