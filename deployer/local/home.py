"""The server home in the user's cache: fetched once by Maven, laid out once, then only looked up.

    <cache>/jars-<key>/    what Maven brought, each jar by its SHA-256; the key is a hash of the artifact list and of those
    <cache>/home-<key>/    links to them, and our own modules; the key is a hash of layout and Java sources
    <cache>/home-<key>-java25.jsa    the JVM's archive of loaded classes, which it makes and checks itself (node.py)

The folders appear by an atomic rename and are never changed afterwards, so a reader needs no lock. Builders hold one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

from deployer.local.artifacts import ARTIFACTS, LEFT_OUT, MODULES, OPENSEARCH_VERSION
from deployer.local.compiled import SourceModule, add_source_module
from deployer.local.files import appearing, exclusive
from deployer.local.java import Java
from deployer.local.layout import lay_out
from deployer.model.errors import LocalError

_MAVEN_TIMEOUT_S = 600


def cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Gives `$XDG_CACHE_HOME/deployer/opensearch-3.4.0`, by default under `~/.cache`."""
    environ = os.environ if environ is None else environ
    configured = environ.get("XDG_CACHE_HOME", "")
    # The XDG specification: a relative path is to be ignored.
    base = Path(configured) if configured.startswith("/") else Path.home() / ".cache"
    return base / "deployer" / f"opensearch-{OPENSEARCH_VERSION}"


def pom() -> str:
    """Gives the text of a pom that depends on every artifact of a node. It names no registry."""
    dependencies = "".join(
        f"<dependency><groupId>{artifact.group}</groupId><artifactId>{artifact.name}</artifactId>"
        f"<version>{artifact.version}</version></dependency>"
        for artifact in ARTIFACTS
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>local</groupId><artifactId>opensearch-node</artifactId><version>1</version><packaging>pom</packaging>"
        f"<dependencies>{dependencies}</dependencies></project>\n"
    )


def build_home(
    cache: Path, *, modules: tuple[SourceModule, ...], java: Callable[[], Java], progress: Callable[[str], None]
) -> Path:
    """Gives a complete server home in `cache`, building what is missing.

    Safe with several processes at once: one builds, the others wait. When all is there neither Maven nor `java` (which
    is asked for a JDK with a compiler, only if `modules` must be compiled) is called. Raises LocalError.
    """
    pinned = jar_digests()
    wanted = pom() + repr(sorted(pinned.items()))
    jars = cache / f"jars-{_key(wanted)}"
    layout = repr((MODULES, LEFT_OUT)) + "".join(f"{module.module}{module.digest()}" for module in modules)
    home = cache / f"home-{_key(wanted + layout)}"
    if _whole(home):
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / "lock", lambda: progress("another process is preparing OpenSearch; waiting for it")):
        if _whole(home):
            return home
        if home.exists():
            # A cleaner of caches took some of the jars: the links dangle. Start again.
            shutil.rmtree(jars, ignore_errors=True)
            shutil.rmtree(home)
        if not jars.is_dir():
            progress(f"fetching OpenSearch {OPENSEARCH_VERSION} by Maven (once, about 70 MB)")
            with appearing(jars) as folder:
                fetch(folder)
                check(folder, pinned)
        with appearing(home) as folder:
            lay_out(jars, folder)
            for module in modules:
                progress(f"compiling the module {module.module.name}")
                add_source_module(module, folder, java())
        # The class archives of earlier homes, 80 MB each. One that a node has open stays until it closes it.
        for archive in cache.glob("home-*.jsa"):
            archive.unlink()
    return home


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _whole(home: Path) -> bool:
    """Says whether the folder is there and none of its links dangles."""
    return home.is_dir() and all(path.exists() for path in home.rglob("*.jar"))


def jar_digests() -> dict[str, str]:
    """The jars of a node and their SHA-256 in hex, as `jars.sha256` beside this module pins them."""
    text = files("deployer.local").joinpath("jars.sha256").read_text("utf-8")
    return {name: digest for digest, name in (line.split() for line in text.splitlines())}


def check(folder: Path, pinned: Mapping[str, str]) -> None:
    """Raises LocalError unless the jars in `folder` are those of `pinned`, each with its SHA-256.

    Maven itself compares a jar only with the checksum that lies beside it, where whoever changed one changes the other.
    """
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in folder.glob("*.jar")}
    wrong = sorted(name for name in pinned.keys() | found.keys() if pinned.get(name) != found.get(name))
    if wrong:
        name = wrong[0]
        raise LocalError(
            f"Maven brought other jars than this version of the tool was made for ({len(wrong)} of {len(found)})",
            why=f"{name} has the SHA-256 {found.get(name, '(it is missing)')}, and should have {pinned.get(name, '(it should not be there)')}",
            todo="look at what your mirror (Maven's settings.xml) and ~/.m2 hold; nothing of it was run",
        )


def fetch(folder: Path) -> None:
    """Maven copies every jar of a node into `folder`. Raises LocalError with its own words."""
    maven = shutil.which("mvn")
    if maven is None:
        raise LocalError(
            "Maven (mvn) was not found",
            why=f"it fetches OpenSearch {OPENSEARCH_VERSION}, the first time only",
            todo="install Maven (apt install maven, brew install maven), or start a container engine (Docker, Podman)",
        )
    free = shutil.disk_usage(folder).free
    if free < 300 * 2**20:
        raise LocalError(
            f"{free // 2**20} MB free at {folder.parent}",
            why="OpenSearch needs 300 MB",
            todo="free some space, or set XDG_CACHE_HOME to a folder on another disk",
        )
    with tempfile.TemporaryDirectory(prefix="deployer-maven-") as scratch:
        (Path(scratch) / "pom.xml").write_text(pom(), encoding="utf-8")
        command = [maven, "-q", "-B", "--strict-checksums", "dependency:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
        try:
            result = subprocess.run(
                command,
                cwd=scratch,
                capture_output=True,
                text=True,
                timeout=_MAVEN_TIMEOUT_S,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired as error:
            raise LocalError(
                f"Maven did not end within {_MAVEN_TIMEOUT_S} s",
                why="its registry may not answer",
                todo="run `mvn dependency:get -Dartifact=org.opensearch:opensearch:3.4.0` to see what it says",
            ) from error
    if result.returncode or not any(folder.glob("*.jar")):
        raise LocalError(
            f"Maven could not fetch OpenSearch {OPENSEARCH_VERSION} (exit {result.returncode})",
            why="\n".join((result.stdout + result.stderr).strip().splitlines()[-15:]),
            todo="check the network, and the mirrors and proxies in Maven's settings.xml",
        )
