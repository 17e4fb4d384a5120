"""A server home, laid out from a folder of jars: `lib/`, `modules/<name>/`, made of links, so a home costs nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from deployer.local.artifacts import LEFT_OUT, MINIMUM_JAVA, MODULES, OPENSEARCH_VERSION, Module
from deployer.model.errors import LocalError


def descriptor(module: Module) -> str:
    """Gives the text of `plugin-descriptor.properties` of `module`."""
    lines = [
        f"name={module.name}",
        f"description=The {module.name} module",
        f"version={OPENSEARCH_VERSION}",
        f"opensearch.version={OPENSEARCH_VERSION}",
        f"java.version={MINIMUM_JAVA}",
        f"classname={module.classname}",
    ]
    if module.extends:
        lines.append(f"extended.plugins={','.join(module.extends)}")
    return "\n".join(lines) + "\n"


def jars_of(prefixes: Iterable[str], jars: Iterable[Path]) -> list[Path]:
    """Gives the jars named `<prefix>-<digit>...jar` for one of the prefixes, sorted by name.

    The digit keeps `netty-codec` from taking `netty-codec-http` as well.
    """
    pattern = re.compile("(?:" + "|".join(re.escape(prefix) for prefix in prefixes) + r")-\d.*\.jar")
    return sorted(jar for jar in jars if pattern.fullmatch(jar.name))


def lay_out(jar_folder: Path, home: Path, modules: Iterable[Module] = MODULES) -> None:
    """Makes `home/lib` and `home/modules/<name>` of links to the jars in `jar_folder`.

    Links are relative, so that the two folders can be moved together. `home` must not exist. Raises LocalError when a
    module's jar is missing: a half-built home would start and then lack a feature.
    """
    jars = sorted(jar_folder.glob("*.jar"))
    modules = tuple(modules)
    for module in modules:
        found = jars_of(module.jars, jars)
        missing = [prefix for prefix in module.jars if not jars_of([prefix], found)]
        if missing:
            raise LocalError(
                f"the module {module.name} lacks {', '.join(missing)}",
                why=f"{jar_folder} has {len(jars)} jars, none of that name",
                todo=f"delete {jar_folder.parent} and start again",
            )
        folder = home / "modules" / module.name
        folder.mkdir(parents=True)
        for jar in found:
            _link(jar, folder)
        (folder / "plugin-descriptor.properties").write_text(descriptor(module), encoding="utf-8")
    owned = {jar for module in modules for jar in jars_of(module.jars, jars)}
    left_out = set(jars_of(LEFT_OUT, jars))
    library = home / "lib"
    library.mkdir(parents=True)
    for jar in jars:
        if jar not in owned and jar not in left_out:
            _link(jar, library)


def _link(jar: Path, folder: Path) -> None:
    (folder / jar.name).symlink_to(os.path.relpath(jar, folder))
