"""A module of our own Java sources: compiled by the JDK's javac, packed as a jar, put beside the published modules."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from deployer.local.artifacts import MINIMUM_JAVA, OPENSEARCH_VERSION, Module
from deployer.local.java import Java
from deployer.local.layout import descriptor
from deployer.model.errors import LocalError

_PROPERTIES = "module.properties"


@dataclass(frozen=True, slots=True)
class SourceModule:
    """A folder of Java sources that becomes a module.

    `module.jars` is empty: its one jar is made here. `files` are all files of the folder but `module.properties`,
    relative to it and sorted: `.java` files are compiled, others (service registrations) packed as they are.
    """

    folder: Path
    module: Module
    files: tuple[Path, ...]

    def digest(self) -> str:
        """Gives a SHA-256 in hex over every file's name and content: what the built module depends on."""
        digest = hashlib.sha256()
        for file in (Path(_PROPERTIES), *self.files):
            content = (self.folder / file).read_bytes()
            digest.update(f"{file.as_posix()}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()


def read_source_module(folder: Path) -> SourceModule | None:
    """Reads the module at `folder`, None if it has no `module.properties`.

    That file has lines `name=`, `classname=` and, if it uses another module's classes, `extends=a,b`. Raises LocalError
    if a line it needs is missing.
    """
    properties_file = folder / _PROPERTIES
    if not properties_file.is_file():
        return None
    properties = {
        key.strip(): value.strip()
        for key, separator, value in (
            line.partition("=") for line in properties_file.read_text(encoding="utf-8").splitlines()
        )
        if separator and not key.startswith("#")
    }
    missing = [key for key in ("name", "classname") if not properties.get(key)]
    if missing:
        raise LocalError(
            f"{properties_file} lacks {' and '.join(missing)}",
            why="a module needs a name and the class the server starts",
            todo="add name=... and classname=...",
        )
    extends = tuple(name.strip() for name in properties.get("extends", "").split(",") if name.strip())
    files = sorted(
        file.relative_to(folder)
        for file in folder.rglob("*")
        if file.is_file() and file != properties_file and "__pycache__" not in file.parts
    )
    return SourceModule(folder, Module(properties["name"], properties["classname"], (), extends), tuple(files))


def add_source_module(source: SourceModule, home: Path, java: Java) -> None:
    """Compiles `source` against the libraries of `home` and adds it as `home/modules/<name>`.

    Raises LocalError with the compiler's own lines if it does not compile.
    """
    if java.javac is None:
        raise LocalError(
            f"{java.home} has no javac", why="a module of Java sources is to be compiled", todo="use a JDK"
        )
    classpath = [home / "lib" / "*", *(home / "modules" / name / "*" for name in source.module.extends)]
    folder = home / "modules" / source.module.name
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="deployer-javac-") as scratch:
        classes = Path(scratch)
        result = subprocess.run(
            [
                *(java.javac, "--release", str(MINIMUM_JAVA), "-proc:none", "-encoding", "UTF-8", "-d", classes),
                *("-cp", os.pathsep.join(map(str, classpath))),
                *(source.folder / file for file in source.files if file.suffix == ".java"),
            ],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if result.returncode:
            raise LocalError(
                f"the Java sources of {source.module.name} do not compile",
                why="\n".join((result.stderr + result.stdout).strip().splitlines()[-40:]),
                todo=f"mend the sources in {source.folder}",
            )
        entries = {file.relative_to(classes): file for file in classes.rglob("*.class")}
        entries |= {file: source.folder / file for file in source.files if file.suffix != ".java"}
        _pack(folder / f"{source.module.name}-{OPENSEARCH_VERSION}.jar", entries)
    (folder / "plugin-descriptor.properties").write_text(descriptor(source.module), encoding="utf-8")


def _pack(jar: Path, entries: dict[Path, Path]) -> None:
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(entries):
            # A fixed time stamp: the same sources give the same jar, byte for byte.
            archive.writestr(zipfile.ZipInfo(name.as_posix()), entries[name].read_bytes())
