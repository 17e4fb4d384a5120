"""Finds a JDK that the server runs on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deployer.local.artifacts import MINIMUM_JAVA
from deployer.model.errors import LocalError

_ADVICE = (
    f"install a JDK {MINIMUM_JAVA} or later (apt install openjdk-{MINIMUM_JAVA}-jdk, brew install openjdk, "
    "sdk install java) or name one by DEPLOYER_JAVA_HOME=/path/to/jdk"
)
# Where package managers put JDKs: Linux distributions, SDKMAN, macOS.
_SYSTEM_FOLDERS = (
    ("/usr/lib/jvm", "*"),
    ("~/.sdkman/candidates/java", "*"),
    ("/Library/Java/JavaVirtualMachines", "*/Contents/Home"),
)


@dataclass(frozen=True, slots=True)
class Java:
    """A Java installation: its home folder, and its major version (21, 25)."""

    home: Path
    version: int

    @property
    def java(self) -> Path:
        """Gives the path of the `java` launcher."""
        return self.home / "bin" / "java"

    @property
    def javac(self) -> Path | None:
        """Gives the path of the compiler; None if this is a runtime without one."""
        compiler = self.home / "bin" / "javac"
        return compiler if os.access(compiler, os.X_OK) else None


def candidates(environ: Mapping[str, str], system: tuple[tuple[str, str], ...] = _SYSTEM_FOLDERS) -> Iterator[Path]:
    """Gives the Java homes to look at, in order: JAVA_HOME, `java` on the PATH, then the usual folders."""
    if environ.get("JAVA_HOME"):
        yield Path(environ["JAVA_HOME"])
    on_path = shutil.which("java", path=environ.get("PATH", ""))
    if on_path:
        yield Path(on_path).resolve().parent.parent
    for folder, pattern in system:
        # Newest version last in the alphabet, mostly: read backwards, so that 25 comes before 21.
        yield from sorted(Path(folder.replace("~", environ.get("HOME", "~"), 1)).glob(pattern), reverse=True)


def inspect(home: Path) -> Java | None:
    """Gives the installation at `home`, or None if there is none that answers.

    Reads the `release` file that every JDK since 9 has; without it, asks `java -version`.
    """
    launcher = home / "bin" / "java"
    if not os.access(launcher, os.X_OK):
        return None
    version = _version_in(_read(home / "release"), r'^JAVA_VERSION="(\d+)') or _version_in(
        _ask(launcher), r'version "(\d+)'
    )
    return Java(home, version) if version else None


def find_java(
    environ: Mapping[str, str] | None = None,
    *,
    compiler: bool = False,
    system: tuple[tuple[str, str], ...] = _SYSTEM_FOLDERS,
) -> Java:
    """Gives the first JDK of version 21 or later; with `compiler`, the first that has `javac` too.

    DEPLOYER_JAVA_HOME is a wish, not a hint: if it names something unusable that is an error. Raises LocalError with
    what was found and why each was not good enough.
    """
    environ = os.environ if environ is None else environ
    wanted = environ.get("DEPLOYER_JAVA_HOME")
    if wanted:
        found = inspect(Path(wanted))
        reason = _unusable(Path(wanted), found, compiler=compiler)
        if found is None or reason:
            raise LocalError("DEPLOYER_JAVA_HOME does not name a usable JDK", why=reason, todo=_ADVICE)
        return found
    reasons: dict[str, None] = {}
    for home in candidates(environ, system):
        found = inspect(home)
        reason = _unusable(home, found, compiler=compiler)
        if found is not None and not reason:
            return found
        reasons[reason] = None
    raise LocalError(
        f"no JDK {MINIMUM_JAVA} or later was found",
        why="; ".join(reasons) or "JAVA_HOME is not set and there is no java on the PATH",
        todo=_ADVICE,
    )


def _unusable(home: Path, found: Java | None, *, compiler: bool) -> str:
    if found is None:
        return f"{home} has no java that answers"
    if found.version < MINIMUM_JAVA:
        return f"{home} is Java {found.version}"
    if compiler and found.javac is None:
        return f"{home} has no compiler (javac)"
    return ""


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _ask(launcher: Path) -> str:
    try:
        answer = subprocess.run(
            [launcher, "-version"], capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stderr + answer.stdout


def _version_in(text: str, pattern: str) -> int | None:
    match = re.search(pattern, text, re.MULTILINE)
    if not match:
        return None
    major = int(match[1])
    # Java 8 and older called themselves 1.8.
    return 8 if major == 1 else major
