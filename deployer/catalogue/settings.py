"""What an environment's file sets, value by value, with its line; what it leaves out, with the default. Secrets are never read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deployer.catalogue import environments, validation, yamlfile
from deployer.catalogue.yamlfile import Path_
from deployer.model.environment import Control, Environment, Limits
from deployer.model.errors import UsageError
from deployer.model.finding import Findings, near

MASK = "***"
ADDRESSES = ("url", "proxy")
"""Keys whose value in place may be a secret: who knows the address may post there."""

_CONNECTION = {"auth.type": "none", "tls.verify": True, "timeout": "30s"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One value, and where it comes from: a file with line and column, a flag, a variable, or ``default``."""

    name: str
    value: Any
    source: str
    note: str = ""


def of_environment(root: Path, name: str, variables: Mapping[str, str], findings: Findings) -> list[Setting]:
    """All settings of an environment, in the order of its file, then the defaults of what is not set.

    Raises UsageError if there is no such environment.
    """
    if name not in environments.names(root):
        raise UsageError(f"there is no environment '{name}'", todo=near(name, environments.names(root)))
    document = yamlfile.load(root / "environments" / f"{name}.yml", root, findings)
    if document is None or not validation.check(document, "environment", findings):
        return []
    rows = []
    for path, value in _leaves(document.value, ()):
        shown = _masked(path, value)
        rows.append(Setting(_name(path), shown, str(document.where(*path)), _note(root, value, variables)))
    known = {row.name for row in rows}
    return rows + [
        Setting(key, value, "default") for key, value in _defaults(document.value).items() if key not in known
    ]


def _leaves(value: Any, path: Path_) -> Iterator[tuple[Path_, Any]]:
    """Every value that is no mapping, and no list of mappings, by its path."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, number))
    else:
        yield path, value


def _name(path: Path_) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _masked(path: Path_, value: Any) -> Any:
    """The value as it may be shown: of an address in place the host alone, and never a password."""
    if isinstance(value, list):
        return [_masked(path, inner) for inner in value]
    if not isinstance(value, str) or value.startswith(("env:", "file:")):
        return value
    parts = urlsplit(value) if "://" in value else None
    if parts is None:
        return value
    host = parts.netloc.rpartition("@")[2]
    if path[-1] in ADDRESSES:
        return f"{parts.scheme}://{host}/{MASK}"
    return value.replace(parts.netloc, f"{MASK}@{host}", 1) if "@" in parts.netloc else value


def _note(root: Path, value: Any, variables: Mapping[str, str]) -> str:
    """Of a reference to a secret, whether it leads anywhere."""
    if not isinstance(value, str):
        return ""
    kind, _, rest = value.partition(":")
    if kind == "env":
        return "set" if variables.get(rest) else "not set"
    if kind == "file":
        return "there" if (root / rest).is_file() else "no such file"
    return ""


def _defaults(value: Mapping[str, Any]) -> dict[str, Any]:
    limits, plain = Limits(), Environment.__dataclass_fields__
    found: dict[str, Any] = {
        "production": plain["production"].default,
        "branches": list(environments.MAIN) if value.get("production") else [],
        "require_plan": Control().require_plan,
        "data.namespace": plain["namespace"].default,
        "data.only": plain["only_namespace"].default,
        "limits.max_changed_percent": limits.max_changed_percent,
        "limits.min_objects": limits.min_objects,
    }
    places = ["cluster"] if "cluster" in value else [f"clusters[{number}]" for number in range(len(value["clusters"]))]
    return found | {f"{place}.{key}": given for place in places for key, given in _CONNECTION.items()}
